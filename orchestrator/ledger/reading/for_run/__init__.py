"""What a plan, a run or a verification needs to know of an existing ledger."""
