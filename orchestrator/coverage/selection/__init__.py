"""Choosing one of k samples without a verifier: majority vote, best of k by score."""
