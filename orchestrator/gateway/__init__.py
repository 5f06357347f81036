"""Agents' calls: metered, bounded, joined, replayed."""
