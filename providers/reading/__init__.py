"""What headers, errors and JSON from anybody mean. Pure; no I/O."""
