"""Coverage beyond the sampled k."""
