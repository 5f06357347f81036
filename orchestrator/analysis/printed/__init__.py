"""Printed results: rows of a paper's table beside what was sampled."""
