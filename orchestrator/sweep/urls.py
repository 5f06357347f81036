"""Base URLs: what may stand in one, and whose host it is."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

OWN_HOSTS = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "google": "generativelanguage.googleapis.com",
}


_KEY_NAME = re.compile(r"key|token|secret|sig|auth|password", re.IGNORECASE)
_WIRES = ("/chat/completions", "/completions", "/responses", "/messages")
"""What is added to a base URL."""


def problem_of(url: str, *, ends_in_v1: bool | None, query: bool = False) -> tuple[str, str] | None:
    """What is wrong with a base URL, and the remedy. Never repeats the URL: it may hold a password. `query`: it may
    have one, as Azure's api-version."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL", "such as http://127.0.0.1:8000/v1"
    if "@" in parts.netloc:
        return "must not hold a user name or password", "name the key's environment variable in api_key_env"
    if parts.fragment or "#" in url or (not query and "?" in url):
        return "must not have a query or fragment", "end it with its path"
    if any(_KEY_NAME.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return "must not hold a key", "name the key's environment variable in api_key_env"
    if parts.scheme not in {"http", "https"} or not host or any(char.isspace() for char in url):
        return "is not an http:// or https:// URL", "such as http://127.0.0.1:8000/v1"
    if wire := next((wire for wire in _WIRES if parts.path.rstrip("/").endswith(wire)), None):
        return f"must not end in {wire}", f"drop {wire}: it is added to each request"
    versioned = parts.path.rstrip("/").endswith("/v1")
    if ends_in_v1 is True and not versioned:
        return "must end in /v1", "add /v1"
    if ends_in_v1 is False and versioned:
        return "must not end in /v1", "drop /v1: the SDK adds it"
    return None


def clean(url: str) -> str:
    """Without slashes at its path's end."""
    path, mark, query = url.partition("?")
    return path.rstrip("/") + mark + query


def is_own_host(provider: str, url: str | None) -> bool:
    """Whether the URL is the vendor's own (None is), or one of its regions, as eu.api.openai.com."""
    own = OWN_HOSTS.get(provider)
    if own is None or url is None:
        return own is not None
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return parts.scheme == "https" and (host == own or host.endswith(f".{own}"))
