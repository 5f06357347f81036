"""Dollars, tokens and FLOPs by model."""
