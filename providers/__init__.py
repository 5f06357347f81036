"""One file per wire: what a request and a reply are, and how a request can fail."""
