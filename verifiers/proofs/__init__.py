"""Proofs, checked by a prover's kernel."""
