"""Scores samples with a reward model, booked like any request."""
