"""The server of `watch --web`: read-only, on this machine alone, and mute without its token."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import re
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from orchestrator.errors import InputError, ManyfewError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_OURS = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
"""Hosts that mean this machine: a page elsewhere whose name was turned to it sends its own."""
_PUBLIC = "/"
LAST = 8
REPORT_S = 30.0
"""A report is made anew after so long, or twenty times what it took."""


class LivePage:
    """What one ledger shows, and the token that opens it: 32 random bytes, anew each start."""

    def __init__(self, db: Path) -> None:
        from orchestrator.ledger.reading.money.watch import Watched

        self.token = secrets.token_urlsafe(32)
        self._db = db
        self._watched = Watched(db)
        self._one_at_a_time = asyncio.Lock()
        self._report: tuple[float, dict[str, Any]] | None = None
        self._watched.read()  # what is no ledger is refused at the start

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._guard])
        made.on_response_prepare.append(_headers)
        for path, handler in (
            (_PUBLIC, _shell),
            ("/live.json", self._live),
            ("/report.json", self._whole),
            ("/samples.json", self._samples),
        ):
            made.router.add_get(path, handler)
        return made

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not _OURS.fullmatch(request.headers.get("Host", "")):
            return _said(403, "this page answers to 127.0.0.1, localhost and [::1] alone")
        if request.method not in ("GET", "HEAD"):
            return _said(405, "GET and HEAD only", Allow="GET, HEAD")
        if request.path != _PUBLIC and not self._is_allowed(request):
            return _said(401, "the token is missing or of another start", **{"WWW-Authenticate": "Bearer"})
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _said(error.status, "there is nothing here")
        except ManyfewError as error:
            return _said(503, str(error))

    def _is_allowed(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(given, f"Bearer {self.token}".encode())

    async def _live(self, _request: web.Request) -> web.Response:
        from orchestrator.ledger.reading.samples.last_samples import last_samples
        from orchestrator.report.page.live import live_document

        async with self._one_at_a_time:
            progress = await asyncio.to_thread(self._watched.read)
            last = await asyncio.to_thread(last_samples, self._db, LAST)
        return _json(live_document(progress, last))

    async def _whole(self, _request: web.Request) -> web.Response:
        async with self._one_at_a_time:
            if self._report is None or time.monotonic() > self._report[0]:
                started = time.monotonic()
                made = await asyncio.to_thread(self._made)
                took = time.monotonic() - started
                self._report = (time.monotonic() + max(REPORT_S, 20 * took), made)
        return _json(self._report[1])

    def _made(self) -> dict[str, Any]:
        from orchestrator.analysis.page_data import PAGE_AXES, report_data
        from orchestrator.analysis.whole_document import frontier_documents
        from orchestrator.ledger.reading.samples.provenance import read_provenance
        from orchestrator.report.charts.render import has_charts
        from orchestrator.report.page.page import parts

        found = frontier_documents([self._db], "usd", axes=PAGE_AXES)
        data = report_data(found.sampled, found.read, read_provenance([self._db]))
        body, content = parts(found.whole, data, drawn=has_charts())
        return {"body": body, "data": content}

    async def _samples(self, request: web.Request) -> web.Response:
        problem = request.query.get("problem", "")
        return _json(await asyncio.to_thread(self._samples_of, problem))

    def _samples_of(self, problem: str) -> dict[str, Any] | None:
        from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
        from orchestrator.ledger.reading.samples.page_samples import page_samples

        return page_samples(read_outcomes([self._db], "usd"), problem)


async def _shell(_request: web.Request) -> web.Response:
    from orchestrator.report.charts.render import has_charts, program
    from orchestrator.report.page.live import policy, shell

    nonce = secrets.token_urlsafe(16)
    page = shell(nonce, program() if has_charts() else "")
    return web.Response(
        text=page, content_type="text/html", headers={"Content-Security-Policy": policy(nonce)}
    )


def _json(of: Any) -> web.Response:
    return web.Response(text=json.dumps(of, allow_nan=False), content_type="application/json")


def _said(status: int, error: str, **headers: str) -> web.Response:
    text = json.dumps({"error": error})
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


async def _headers(_request: web.Request, response: web.StreamResponse) -> None:
    """On every reply, errors too."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cache-Control"] = "no-store"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Server"] = "manyfew"


async def serve(db: Path, where: str, say: Callable[[str], None]) -> None:
    """Until it is cancelled. `where`: a port, or unix:PATH. Raises InputError where that is taken."""
    page = LivePage(db)
    runner = web.AppRunner(page.application(), access_log=None, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    socket = ""
    try:
        if where.startswith("unix:"):
            path = where.removeprefix("unix:")
            await _on_socket(runner, path)
            socket = path
            say(f"Serving on {path}. On your machine: ssh -L 8000:{path} THIS-HOST, then open")
            say(f"http://localhost:8000/#{page.token}")
        else:
            port = await _on_port(runner, int(where))
            say(f"http://127.0.0.1:{port}/#{page.token}")
        say("Only who has this whole address can read it. Ctrl-C ends it; the run goes on.")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
        if socket:
            _forget(socket)


async def _on_port(runner: web.AppRunner, port: int) -> int:
    site = web.TCPSite(runner, "127.0.0.1", port)
    try:
        await site.start()
    except OSError as error:
        raise InputError(
            f"--web {port}", f"the port can't be used: {error.strerror}", "use another, or --web alone"
        ) from error
    return runner.addresses[0][1]


async def _on_socket(runner: web.AppRunner, path: str) -> None:
    if _is_socket(path) and not await _is_answering(path):
        _forget(path)  # left over by a killed one
    before = os.umask(0o177)  # mode 0600 from its first moment on
    try:
        if _exists(path):
            raise InputError(f"--web unix:{path}", "already exists", "choose another path")
        await web.UnixSite(runner, path).start()
    except OSError as error:
        raise InputError(
            f"--web unix:{path}", f"can't be made: {error.strerror}", "choose another path"
        ) from error
    finally:
        os.umask(before)


def _is_socket(path: str) -> bool:
    return Path(path).is_socket()


def _exists(path: str) -> bool:
    return os.path.lexists(path)


def _forget(path: str) -> None:
    Path(path).unlink(missing_ok=True)


async def _is_answering(path: str) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True
