"""The ledger as a file: made, opened, locked, migrated, copied, and what can be wrong with it."""
