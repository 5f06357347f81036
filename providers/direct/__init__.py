"""OpenAI's wire over aiohttp, without an SDK."""
