"""Reads and validates the sweep file; errors name file, line, key and remedy."""
