"""Says which further samples narrow a comparison most, and writes the sweep that buys them."""
