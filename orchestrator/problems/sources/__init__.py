"""One file per source of problems."""
