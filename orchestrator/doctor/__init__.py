"""Checks what is installed, reachable and missing, each with its remedy."""
