"""Reads a ledger with SQL, while a run may be writing."""
