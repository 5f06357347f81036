"""One ledger of several of the same sweep."""
