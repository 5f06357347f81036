"""One REPL of Lean: leanprover-community/repl's protocol over the pipes of a sandboxed process.

Asked `{"cmd": …, "env": N}` and a blank line, it answers one JSON object and a blank line: `env`, the number of the
environment after the command, with `messages` and `sorries` if there are any; or `{"message": …}` if it could
not take the command at all. Without `env` a command starts from nothing and may import.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import time
from dataclasses import dataclass
from typing import Any, cast

from verifiers.proofs.extract import first_line, plain
from verifiers.proofs.process_use import usage
from verifiers.sandbox import Jail, Job, SandboxError

_MAX_REPLY = 4 << 20
_WALL_FACTOR, _WALL_S = 3, 15.0
_LOOK_S = 0.25


class ReplError(Exception):
    """The REPL did not answer; it is of no use any more."""


class DiedError(ReplError):
    """It ended by itself."""


class LateError(ReplError):
    """It used up its time."""


class SilentError(ReplError):
    """It neither answered nor used its time, or answered what the protocol doesn't have."""


@dataclass(frozen=True, slots=True)
class Message:
    """One of Lean's messages."""

    severity: str
    data: str
    line: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command came to."""

    env: int
    messages: tuple[Message, ...]
    sorries: int

    @property
    def errors(self) -> tuple[Message, ...]:
        return tuple(message for message in self.messages if message.severity == "error")

    @property
    def uses_sorry(self) -> bool:
        return self.sorries > 0 or any(
            message.severity == "warning" and "declaration uses" in message.data and "sorry" in message.data
            for message in self.messages
        )


class Repl:
    """Not for several threads at once. After any ReplError it is closed."""

    def __init__(self, jail: Jail, job: Job) -> None:
        """SandboxError if it can't be started."""
        self._child = jail.start(job)
        os.set_blocking(self._child.stdin.fileno(), False)
        self._last = -1
        self._stderr = b""
        self._closed = False

    def ask(self, command: str, env: int | None, limit_s: float) -> Reply:
        """`limit_s` of CPU time; three times that and a little more by the clock."""
        request: dict[str, Any] = {"cmd": command} | ({} if env is None else {"env": env})
        try:
            answer = self._exchange(f"{json.dumps(request)}\n\n".encode(), limit_s)
            reply = _reply(answer)
            if reply.env <= self._last:
                raise SilentError(f"the REPL gave environment {reply.env} after {self._last}")
        except BaseException:
            self.close()
            raise
        self._last = reply.env
        return reply

    @property
    def anonymous_mb(self) -> float:
        """Memory of its own, mapped files aside; 0 if the system doesn't say."""
        return usage(self._child.pid).anonymous_mb

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._child.close()

    def _exchange(self, request: bytes, limit_s: float) -> bytes:
        child = self._child
        started = time.monotonic()
        used = usage(child.pid).cpu_s
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            if selector.select(0):
                if not os.read(child.stdout.fileno(), 1):
                    raise DiedError(self._how_it_died())
                raise SilentError("the REPL wrote something unasked")
            selector.register(child.stderr, selectors.EVENT_READ)
            selector.register(child.stdin, selectors.EVENT_WRITE)
            while True:
                for key, _ in selector.select(_LOOK_S):
                    if key.fileobj is child.stdin:
                        request = self._send(request)
                        if not request:
                            selector.unregister(child.stdin)
                        continue
                    chunk = os.read(key.fd, 65536)
                    if key.fileobj is child.stderr:
                        self._stderr = (self._stderr + chunk)[-4000:]
                        if not chunk:
                            selector.unregister(child.stderr)
                    elif not chunk:
                        raise DiedError(self._how_it_died())
                    else:
                        answer += chunk
                        if answer.endswith(b"\n\n"):
                            return bytes(answer)
                        if len(answer) > _MAX_REPLY:
                            raise LateError("it answers without end")
                self._look_at_time(time.monotonic() - started, used, limit_s)

    def _send(self, request: bytes) -> bytes:
        try:
            return request[os.write(self._child.stdin.fileno(), request) :]
        except BlockingIOError:
            return request
        except BrokenPipeError as error:
            raise DiedError(self._how_it_died()) from error

    def _look_at_time(self, elapsed: float, used: float | None, limit_s: float) -> None:
        if elapsed < limit_s:
            return
        now = usage(self._child.pid).cpu_s
        if used is None or now is None or now - used >= limit_s:
            raise LateError(f"past its limit of {limit_s:g} s")
        if elapsed >= _WALL_FACTOR * limit_s + _WALL_S:
            raise SilentError(f"no answer in {elapsed:.0f} s")

    def _how_it_died(self) -> str:
        with contextlib.suppress(OSError):
            os.set_blocking(self._child.stderr.fileno(), False)
            self._stderr += os.read(self._child.stderr.fileno(), 65536) or b""
        self._closed = True
        status = self._child.close()
        said = first_line(plain(self._stderr.decode("utf-8", "replace"), 2000)[-200:])
        how = f"signal {status - 128}" if status > 128 else f"exit status {status}"
        return f"{how}: {said}" if said else how


def start(jail: Jail, job: Job) -> Repl:
    """SilentError if the sandbox or the program does not start."""
    try:
        return Repl(jail, job)
    except (SandboxError, OSError) as error:
        raise SilentError(f"the REPL doesn't start: {error}") from error


def _reply(answer: bytes) -> Reply:
    try:
        value: object = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise SilentError(
            f"the REPL answered with something other than JSON: {first_line(answer[:200].decode('utf-8', 'replace'))}"
        ) from error
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    env = fields.get("env")
    if not isinstance(env, int) or isinstance(env, bool):
        raise SilentError(
            f"the REPL didn't accept a command: {first_line(str(fields.get('message', 'no env in its answer')))}"
        )
    return Reply(env, tuple(map(_message, _listed(fields, "messages"))), len(_listed(fields, "sorries")))


def _listed(fields: dict[str, Any], name: str) -> list[Any]:
    value: object = fields.get(name) or []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _message(item: Any) -> Message:
    """Of an unknown shape: an error, so that it never passes for none."""
    if not isinstance(item, dict):
        return Message("error", str(item), 0)
    fields = cast("dict[str, Any]", item)
    severity, data, position = fields.get("severity"), fields.get("data"), fields.get("pos")
    line = cast("dict[str, Any]", position).get("line", 0) if isinstance(position, dict) else 0
    number = line if isinstance(line, int) else 0
    if not isinstance(severity, str) or not isinstance(data, str):
        return Message("error", str(fields), number)
    return Message(severity, data, number)
