"""Into a ledger: samples made elsewhere, and printed results."""
