"""Out of a ledger: samples as JSON Lines, CSV, Parquet, or a bundle to cite."""
