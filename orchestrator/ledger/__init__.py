"""The SQLite file that records a sweep: written by one run, read by everyone."""
