"""Sets of verdicts: one verifier's verdicts on a ledger's samples each. One is current."""
