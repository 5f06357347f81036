"""Bodies of requests and replies of each vendor's API. Pure; no I/O."""
