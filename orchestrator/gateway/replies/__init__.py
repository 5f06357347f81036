"""Answers on their way to agents: delivered while they come, read and edited."""
