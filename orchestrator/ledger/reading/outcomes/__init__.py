"""What came of the samples as counts, by whose verdicts, for one ledger or several."""
