"""Turns a ledger's outcomes into what screens, reports and JSON show: frontiers, comparisons, advice."""
