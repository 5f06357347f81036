"""The HTTP session of a lean provider: connections and proxies, nothing hidden (no cookies, no netrc, no retries)."""

from __future__ import annotations

import socket
from inspect import signature
from typing import TYPE_CHECKING, Any

from providers.transport.proxies import proxy_for

if TYPE_CHECKING:
    import aiohttp

CONNECT_S = 10.0
"""To connect, TLS included: room for three lost SYNs, and a dead server is noticed soon. Waiting for a free connection
is not part of it."""
IDLE_S = 4.0
"""An idle connection is dropped after this, since uvicorn, which serves vLLM, drops it after 5 s: a request must not
leave on a connection that is just being closed, as it would count as lost."""
KEEPALIVE_IDLE_S = 60
"""Silence after which TCP probes a connection, so that NATs keep it and a dead peer is noticed."""
PROBE_S = 30
"""Between two probes that nobody answers."""
PROBES = 6
"""Unanswered probes after which a connection is dead."""
LARGEST_HEADER = 1 << 18
"""Bytes of one header, and of its name: gateways hand on the headers of the vendors behind them."""
MOST_HEADERS = 1000


def open_session(base_url: str, concurrency: int, *, plain: bool = False) -> aiohttp.ClientSession:
    """A session with room for `concurrency` connections. `plain`: bodies are requested uncompressed, and read as they
    come. It has no other headers of its own: aiohttp would tell them, a key too, to the proxy. Only in a running
    event loop."""
    import aiohttp  # takes a quarter of a second, and servers of one's own are asked without it

    connector = aiohttp.TCPConnector(
        limit=max(1, concurrency),
        limit_per_host=0,
        keepalive_timeout=IDLE_S,
        socket_factory=new_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers={"Accept-Encoding": "identity"} if plain else None,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        trust_env=False,  # it would also send what ~/.netrc holds
        proxy=proxy_for(base_url),
        auto_decompress=not plain,
        max_line_size=LARGEST_HEADER,
        max_field_size=LARGEST_HEADER,
        **_more_headers(),
    )


def _more_headers() -> dict[str, Any]:
    """aiohttp limits their number from 3.14 on."""
    from aiohttp import ClientSession

    return {"max_headers": MOST_HEADERS} if "max_headers" in signature(ClientSession).parameters else {}


def keep_alive() -> list[tuple[int, int, int]]:
    """The socket options by which TCP probes a silent connection, as far as this platform has them."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    idle = "TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE"  # macOS's name for it
    for name, value in ((idle, KEEPALIVE_IDLE_S), ("TCP_KEEPINTVL", PROBE_S), ("TCP_KEEPCNT", PROBES)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


def new_socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol = address[:3]
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    for level, option, value in keep_alive():
        made.setsockopt(level, option, value)
    return made
