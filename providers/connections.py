"""The HTTP session of a lean provider: connections and proxies, nothing hidden (no cookies, no netrc, no retries)."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

CONNECT_S = 30.0
"""To connect, TLS included. Waiting for a free connection is not part of it."""
IDLE_S = 4.0
"""An idle connection is dropped after this, since uvicorn, which serves vLLM, drops it after 5 s: a request must not
leave on a connection that is just being closed, as it would count as lost."""
KEEPALIVE_IDLE_S = 60
"""Silence after which TCP probes a connection, so that NATs keep it and a dead peer is noticed."""


def open_session(base_url: str, concurrency: int) -> aiohttp.ClientSession:
    """A session with room for `concurrency` connections. Only in a running event loop."""
    connector = aiohttp.TCPConnector(
        limit=max(1, concurrency),
        limit_per_host=0,
        keepalive_timeout=IDLE_S,
        socket_factory=_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        trust_env=False,  # it would also send what ~/.netrc holds
        proxy=proxy_for(base_url),
        auto_decompress=True,
    )


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this address (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY); none
    for this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol = address[:3]
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", KEEPALIVE_IDLE_S), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 6)):
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made
