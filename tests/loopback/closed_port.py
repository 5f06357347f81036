"""A port of this machine at which nobody listens, and nobody else can begin to while it is used."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def closed_port() -> Generator[int]:
    """Bound and never listened at: a port that is only looked up may be another test's server a moment later."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
