"""How many problems a budget solves under each policy: `python -m benchmarks.policies --help`."""
