"""Estimators on arrays, without I/O: pass@k, bands, fits, policies, the frontier."""
