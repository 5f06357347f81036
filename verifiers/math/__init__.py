"""Final answers in LaTeX or words."""
