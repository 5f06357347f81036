"""Patches, judged by SWE-bench's own harness."""
