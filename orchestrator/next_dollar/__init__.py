"""Spending the next dollar: which samples narrow a comparison most, and the sweep that buys them."""
