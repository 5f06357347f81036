"""Base URLs: whether one can be asked at all, and how to name it without what might be secret in it."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from providers.transport.proxies import unusable_proxy

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"
GOOGLE_URL = "https://generativelanguage.googleapis.com/v1beta/openai"


@lru_cache(maxsize=64)  # every request names its server
def public_url(base_url: str) -> str:
    """Without user, password, query and fragment."""
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def under(base_url: str, path: str) -> str:
    """`path` from the host's root if it begins with a slash, else after the base URL's own path. The base URL's query
    (Azure's api-version) stays, with the path's behind it."""
    root = urlsplit(base_url)
    if path[0] == "/":
        return urlunsplit((root.scheme, root.netloc, path, "", ""))
    path, _, more = path.partition("?")
    query = "&".join(filter(None, (root.query, more)))
    return urlunsplit((root.scheme, root.netloc, f"{root.path.rstrip('/')}/{path}", query, ""))


def is_azure(base_url: str) -> bool:
    """Whether the host is one of Azure's, whose deployments take a key by a header of its own."""
    return (urlsplit(base_url).hostname or "").endswith(".azure.com")


def unusable(base_url: str, key: str) -> str | None:
    """Why nothing can ever be sent with this address and key; None if it can."""
    if not (key.isascii() and key.isprintable()):
        return "the key holds characters that no header can carry (check api_key_env)"
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return unusable_proxy(base_url) if usable else "the base URL is no http address"


def password_in(base_url: str) -> str | None:
    """The password of user:password@host."""
    try:
        return urlsplit(base_url).password
    except ValueError:
        return None


def same_server(base_url: str) -> str:
    """The same text for every way to write one server's address."""
    parts = urlsplit(base_url.strip())
    host = (parts.hostname or "").rstrip(".")
    if host in ("localhost", "127.0.0.1", "::1"):
        host = "localhost"
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{host}:{port}{parts.path.rstrip('/')}"
