"""Data sets as problems and prompts."""
