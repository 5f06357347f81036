"""Decides without I/O which request may go next: budget, rate limits, fairness, retries."""
