"""Kind `command`: any program, `command = ["program", "argument", …]`, one process a verdict.

On its stdin it gets one JSON object, `{"text": …, "problem": {…}}`; on its stdout it writes one: `passed` (true, false,
null), `answer`, `score`, `reason`, `evidence`, all optional. With a score and no `passed`, it is right from `threshold`
on (default 1.0). An exit status other than 0, anything else on stdout, more than 1 MB of it, or no end within the time
limit is no verdict, with the reason; all that it started in its process group is killed with it.

It runs in the sweep file's folder, and relative names, the program's own included, start there; `manyfew verify`, which
reads no sweep file, runs it in the working directory. Without a slash the program is looked for on PATH. The version
holds a digest of the command and of the files that it names in that folder, so that a changed script judges anew.
It is your own program and runs unconfined but for time and memory: do not run a model's code in it.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, cast

from verifiers.child_process import Child
from verifiers.own_reply import parse_threshold, verdict_of
from verifiers.types import Bounds, Isolation, Verdict

_VERSION = "1"
MOST_OUTPUT = 1_000_000
_MOST_DIGESTED = 10_000_000


class Command:
    """Safe to call from several threads at once."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("command", "threshold")
    kind = "command"
    isolation: Isolation = "process"

    def __init__(
        self, *, command: object = None, threshold: object = 1.0, bounds: Bounds | None = None
    ) -> None:
        """ValueError, one line, for an option out of range."""
        words = cast("list[object]", command) if isinstance(command, list) else []
        self._words = [word for word in words if isinstance(word, str) and word and "\0" not in word]
        if not words or len(self._words) != len(words):
            said = "is missing" if command is None else "is no list of texts"
            raise ValueError(f"verifier command: command {said}")
        self._threshold = parse_threshold("command", threshold)
        self._bounds = bounds or Bounds()
        self._folder = Path(self._bounds.folder or ".").resolve()
        self._running: set[Child] = set()
        self._lock = threading.Lock()
        self._closed = 0
        """How often `close` was called: a child that was just being started then ends, too."""

    @cached_property
    def version(self) -> str:
        digest = sha256(json.dumps(self._words).encode())
        for word in self._words:
            file = self._folder / word
            if file.is_file() and file.stat().st_size <= _MOST_DIGESTED:
                digest.update(file.read_bytes())
        threshold = "" if self._threshold == 1 else f";threshold={self._threshold:g}"
        return f"{_VERSION};command={digest.hexdigest()[:12]}{threshold}"

    @cached_property
    def _program(self) -> str | None:
        name = self._words[0]
        return shutil.which(str(self._folder / name) if "/" in name or "\\" in name else name)

    def lacks(self) -> tuple[str, str] | None:
        if self._program is not None:
            return None
        where = self._folder if "/" in self._words[0] else "PATH"
        return f"no program {self._words[0]} in {where} for the verifier command", "name one that can be run"

    def close(self) -> None:
        with self._lock:
            self._closed += 1
            for child in self._running:
                child.kill()

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None, with the reason, for whatever the program does but answer."""
        if self._program is None:
            return Verdict(passed=None, reason=f"no program {self._words[0]}")
        closed = self._closed
        asked = json.dumps({"text": text, "problem": dict(problem)}).encode()
        try:
            child = Child([self._program, *self._words[1:]], self._folder, self._bounds.memory_mb)
        except OSError as error:
            return Verdict(passed=None, reason=f"the command did not start: {error.strerror}")
        with self._lock:
            self._running.add(child)
            if self._closed != closed:
                child.kill()
        try:
            ended = child.run(asked, timeout_s=self._bounds.timeout_s, most_output=MOST_OUTPUT)
        finally:
            with self._lock:
                self._running.discard(child)
        if ended.trouble is not None:
            return Verdict(passed=None, reason=f"the command {ended.trouble}", evidence=ended.said or None)
        return self._read(ended.stdout)

    def _read(self, stdout: bytes) -> Verdict:
        try:
            reply: object = json.loads(stdout)
        except (ValueError, RecursionError):
            return Verdict(passed=None, reason="the command's output is no JSON", evidence=_shown(stdout))
        if not isinstance(reply, dict):
            return Verdict(
                passed=None, reason="the command's output is not a JSON object", evidence=_shown(stdout)
            )
        return verdict_of(cast("dict[str, object]", reply), self._threshold)


def _shown(stdout: bytes) -> str | None:
    return stdout[:500].decode("utf-8", "replace").strip() or None
