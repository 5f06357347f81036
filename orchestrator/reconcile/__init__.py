"""Presumed becomes settled: what a vendor's figures say of requests whose outcome was unknown."""
