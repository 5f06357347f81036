"""OpenAI's wire without an SDK."""
