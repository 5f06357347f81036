"""Stands in for the swebench package: its command line and what it leaves on the disk, without docker."""
