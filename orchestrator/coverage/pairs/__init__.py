"""Two models on the same problems: many of one or a few of the other, and whether a difference is real."""
