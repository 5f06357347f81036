"""Verdicts on the nodes of a Ray cluster. Nothing of ray is imported unless a cluster is asked for."""
