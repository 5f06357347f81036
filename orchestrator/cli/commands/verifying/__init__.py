"""Commands that make, move and compare verdicts."""
