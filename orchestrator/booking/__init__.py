"""Books what became of a request: settled, presumed or free, with its samples' shares."""
