"""Requests sent through a vendor's batch API."""
