"""Settles presumed requests with the vendor's figures."""
