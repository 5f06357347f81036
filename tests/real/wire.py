"""A loopback proxy in front of a real server that keeps every exchange: what a ledger says is held against it."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """One POST and its answer."""

    path: str
    body: dict[str, Any]
    status: int
    reply: dict[str, Any]


@dataclass
class Wire:
    """`base_url` is what a sweep file names in place of the server."""

    base_url: str = ""
    exchanges: list[Exchange] = field(default_factory=list[Exchange])

    def by_id(self) -> dict[str, Exchange]:
        """By the id that the server gave its reply."""
        found = {e.reply["id"]: e for e in self.exchanges if e.status == 200}
        assert len(found) == sum(e.status == 200 for e in self.exchanges)
        return found


@contextmanager
def recorded(upstream: str) -> Generator[Wire]:
    """Forwards to `upstream` (http://host:port) until the block ends."""
    wire = Wire()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(*_forward(f"{upstream}{self.path}", None))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, reply = _forward(f"{upstream}{self.path}", body)
            # Kept before it is passed on: what the ledger has is here too.
            wire.exchanges.append(Exchange(self.path, json.loads(body), status, json.loads(reply)))
            self._answer(status, reply)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

        def _answer(self, status: int, reply: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _forward(url: str, body: bytes | None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
