"""Policies: which problem is asked of which model next, where verdicts steer that while sampling."""
