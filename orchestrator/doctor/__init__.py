"""What is installed, reachable and missing, each with its remedy."""
