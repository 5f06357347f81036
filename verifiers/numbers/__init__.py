"""Finds and reads the final number of an answer, exactly."""
