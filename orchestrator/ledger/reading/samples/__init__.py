"""Outcomes, votes and scores of samples, and how to cite them."""
