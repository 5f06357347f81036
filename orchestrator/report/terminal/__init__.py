"""The screens of the reading commands and the summary of a run."""
