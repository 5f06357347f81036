"""What the estimates, comparisons and plans are worth, simulated."""
