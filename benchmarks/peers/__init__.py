"""Other clients beside manyfew: `python -m benchmarks.peers --help`."""
