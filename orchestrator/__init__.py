"""Takes a sweep from its file to its report."""
