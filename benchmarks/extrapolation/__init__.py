"""How far extrapolated coverage is off: `python -m benchmarks.extrapolation --help`."""
