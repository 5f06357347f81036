"""Scores by a reward model: asked for, booked like any request, kept beside the verdict."""
