"""Attempts of agents: a program started anew for each sample, watched, ended for certain, and its output taken."""
