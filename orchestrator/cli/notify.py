"""`run --notify`: tells a web hook or a command how a run ended. What fails here is a line, never an exit status."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from orchestrator.sweep.types import Sweep

POST_S = 10.0
TRIES = 2
COMMAND_S = 30.0


class Notify:
    """To whom. Raises InputError for what is neither a web address nor a command."""

    def __init__(self, target: str, sweep: Sweep) -> None:
        self._secrets = _secrets(sweep)
        self._url = target if "://" in target else None
        self._words: list[str] = []
        if self._url is not None:
            if urlsplit(target).scheme not in ("http", "https") or not urlsplit(target).hostname:
                raise InputError(
                    "--notify", "the address must begin with http:// or https://", "or name a command"
                )
            return
        try:
            self._words = shlex.split(target)
        except ValueError as error:
            raise InputError("--notify", f"the command can't be read: {error}", "close its quotes") from None
        if not self._words:
            raise InputError("--notify", "is empty", "name a web address or a command")

    def __call__(self, document: Mapping[str, Any]) -> str | None:
        """What went wrong, or None. An address may hold a token, so that only its host is ever named."""
        body = json.dumps(document, ensure_ascii=False).encode()
        if self._url is None:
            return _run(self._words, body, _without(os.environ, self._secrets))
        url = self._url
        trouble: str | None = None
        for _ in range(TRIES):
            trouble = _within(POST_S, partial(_post, url, body))
            if trouble is None:
                return None
        return f"{urlsplit(url).hostname} {trouble}"


def _secrets(sweep: Sweep) -> set[str]:
    """Names of variables that hold vendors' keys."""
    from orchestrator.ledger.exporting.keys import USUAL

    return {*USUAL, *(m.api_key_env for m in sweep.models.values() if m.api_key_env)}


def _without(environment: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Nor under another name."""
    values = {environment[name] for name in names if environment.get(name)}
    return {k: v for k, v in environment.items() if k not in names and v not in values}


def _within(seconds: float, post: Callable[[], str | None]) -> str | None:
    """A server that sends a byte a second would outlast any time-out of its own."""
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.append(post()), name="notify", daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else f"did not answer within {seconds:.0f} s"


def _post(url: str, body: bytes) -> str | None:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class _Stays(HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    headers = {"Content-Type": "application/json", "User-Agent": "manyfew"}
    try:
        with build_opener(_Stays).open(Request(url, body, headers), timeout=2 * POST_S) as reply:  # noqa: S310
            return None if 200 <= reply.status < 300 else f"answered {reply.status}"
    except HTTPError as error:
        error.close()
        return f"answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return f"could not be reached: {getattr(reason, 'strerror', None) or type(reason).__name__}"


def _run(words: Sequence[str], body: bytes, environment: Mapping[str, str]) -> str | None:
    """Its own output goes to stderr: stdout may carry the run's document."""
    try:
        process = subprocess.Popen(  # noqa: S603  the user's own command
            words,
            stdin=subprocess.PIPE,
            stdout=sys.stderr.fileno(),
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        return f"{words[0]} can't be started: {error.strerror or error}"
    try:
        process.communicate(body, timeout=COMMAND_S)
    except subprocess.TimeoutExpired:
        _kill(process)
        return f"{words[0]} did not end within {COMMAND_S:.0f} s and was stopped"
    except BaseException:
        _kill(process)
        raise
    return None if process.returncode == 0 else f"{words[0]} ended with status {process.returncode}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    import signal

    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
