"""The worker's side of the pool: a process that reads groups of texts from stdin, a line each, and writes a line
a verdict. It ends with its stdin, with its parent, or past its memory.

Its own stdout and stderr lead nowhere, so that nothing a verifier prints is taken for a verdict.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import msgspec

from verifiers.registry import get
from verifiers.types import Bounds, Verdict, Verifier

_PR_SET_PDEATHSIG = 1
_READS = 1 << 18


class Start(msgspec.Struct, kw_only=True):
    """The first line that a worker receives."""

    kind: str
    options: dict[str, Any]
    bounds: Bounds
    parent: int


class Ready(msgspec.Struct, kw_only=True):
    """What it answers: that it can verify, or why it never will."""

    trouble: str | None = None


class Trip(msgspec.Struct, kw_only=True):
    """Texts whose verdicts come together, in one line: of a quick verifier, which can't hang. Each has the
    number of its problem, which is sent once."""

    texts: list[tuple[str, int]]
    problems: list[dict[str, Any]]


class Reply(msgspec.Struct, kw_only=True):
    """One verdict. `last`: the worker ends after it, through no fault of the next text."""

    verdict: Verdict
    last: bool = False


def main() -> None:
    """Serves until stdin ends."""
    source = os.fdopen(os.dup(0), "rb", buffering=_READS)
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    start = msgspec.json.decode(source.readline(), type=Start)
    _end_with(start.parent)
    try:
        _limit_memory(start.bounds.memory_mb)
        verifier = get(start.kind, start.options, start.bounds)
        prepare: Any = getattr(verifier, "prepare", None)
        if prepare is not None:
            prepare()
    except BaseException as error:
        sink.write(msgspec.json.encode(Ready(trouble=_named(error))) + b"\n")
        return
    sink.write(msgspec.json.encode(Ready()) + b"\n")
    items = msgspec.json.Decoder(list[tuple[str, dict[str, Any]]] | Trip)
    while line := source.readline():
        asked = items.decode(line)
        if isinstance(asked, Trip):
            _alarm(2 * start.bounds.timeout_s + 5)
            replies = [
                _judge(verifier, text, asked.problems[number], start.bounds.memory_mb)
                for text, number in asked.texts
            ]
            sink.write(msgspec.json.encode([reply.verdict for reply in replies]) + b"\n")
            if any(reply.last for reply in replies):
                return
        else:
            for text, problem in asked:
                _alarm(2 * start.bounds.timeout_s + 5)
                reply = _judge(verifier, text, problem, start.bounds.memory_mb)
                sink.write(msgspec.json.encode(reply) + b"\n")
                if reply.last:
                    return
        _alarm(0)


def _judge(verifier: Verifier, text: str, problem: dict[str, Any], memory_mb: int) -> Reply:
    try:
        verdict = verifier.verify(text, problem)
        return Reply(verdict=Verdict(
            passed=verdict.passed, answer=_plain(verdict.answer), score=verdict.score,
            reason=_plain(verdict.reason), evidence=_plain(verdict.evidence),
        ))  # fmt: skip
    except MemoryError:
        reason = f"the verifier took more than its {memory_mb} MB on this text"
        return Reply(verdict=Verdict(passed=None, reason=reason), last=True)
    except Exception as error:
        return Reply(verdict=Verdict(passed=None, reason=f"the verifier broke: {_named(error)}"))


def _named(error: BaseException) -> str:
    return _plain(f"{type(error).__name__}: {error}"[:300]) or ""


def _plain(text: str | None) -> str | None:
    """Without lone surrogates, which no JSON can carry."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _alarm(seconds: float) -> None:
    """Past it the kernel ends this process, whatever it hangs in: for the case that nobody is left to do so."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(memory_mb: int) -> None:
    if sys.platform != "win32":
        import resource

        size = memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform != "darwin":  # where the limit is not kept, and may be refused
            resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _end_with(parent: int) -> None:
    """On Linux the kernel ends this process when its parent dies, even one that hangs in C."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
