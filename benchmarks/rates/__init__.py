"""Rate limits that nobody states, on a virtual clock."""
