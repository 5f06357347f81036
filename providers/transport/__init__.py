"""Connections, addresses, streams, and bounds on the size of a reply."""
