"""Verification beside sampling, and of an existing ledger."""
