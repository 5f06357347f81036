"""One file per command, each thin: it parses its options and calls the rest."""
