"""Servers that a run starts, uses and stops: `[models.ALIAS.serve]`."""
