"""Verdicts by files: texts go out in parts, any machine judges a part, and what it found comes back."""
