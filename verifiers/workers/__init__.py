"""Processes and threads that run a verifier within its limits."""
