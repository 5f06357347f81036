"""The interactive report: one HTML file that fetches nothing."""
