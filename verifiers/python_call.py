"""Kind `python`: a function of the user's own, `call = "module:function"`.

The function takes (text, problem) and returns True, False, None (could not tell), a number (a score, right from
`threshold` on, default 1.0) or a dict of `passed`, `answer`, `score`, `reason`, `evidence`. It runs in worker processes
with a time limit, several at once, and must give the same verdict for the same text.

The module is looked for in the sweep file's folder, then in the working directory, then among what is installed. The
version holds a digest of its file, so that a changed function judges anew; what the file imports is not in it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, ClassVar

from verifiers.own_reply import parse_threshold, verdict_of
from verifiers.types import Bounds, Isolation, Verdict

_VERSION = "1"
_CALL = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_CHECK = """
import sys
sys.path[:] = sys.argv[3:]
from importlib import import_module
from functools import reduce
function = reduce(getattr, sys.argv[2].split("."), import_module(sys.argv[1]))
sys.stdout.write("callable" if callable(function) else "")
sys.exit(not callable(function) and "it is not callable")
"""
_CHECK_S = 120.0


class PythonCall:
    """The function itself is imported if `verify` is first called: in a worker."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("call", "threshold")
    kind = "python"
    isolation: Isolation = "worker"

    def __init__(self, *, call: object = None, threshold: object = 1.0, bounds: Bounds | None = None) -> None:
        """ValueError, one line, for an option out of range."""
        if not isinstance(call, str) or not _CALL.fullmatch(call):
            said = "is missing" if call is None else f"is {call!r}"
            raise ValueError(f"verifier python: call {said}; it is written module:function")
        self._module, _, self._name = call.partition(":")
        self._threshold = parse_threshold("python", threshold)
        self._folder = (bounds or Bounds()).folder

    @property
    def version(self) -> str:
        threshold = "" if self._threshold == 1 else f";threshold={self._threshold:g}"
        return f"{_VERSION};call={self._module}:{self._name}{threshold};file={self._digest}"

    @cached_property
    def _digest(self) -> str:
        file = self._file()
        return "none" if file is None else sha256(file.read_bytes()).hexdigest()[:12]

    def lacks(self) -> tuple[str, str] | None:
        if self._file() is None:
            place = f"the folder of {self._module.replace('.', '/')}.py"
            return (
                f"no module {self._module} for the verifier python",
                f"start manyfew in {place}, or install it",
            )
        command = [sys.executable, "-I", "-c", _CHECK, self._module, self._name, *search_path(self._folder)]
        try:
            done = subprocess.run(  # noqa: S603 - the user's own function, named by them
                command, check=False, capture_output=True, timeout=_CHECK_S, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return (
                f"the verifier's module {self._module} takes more than {_CHECK_S:.0f} s to import",
                "mend it",
            )
        if done.returncode == 0 and done.stdout.endswith(b"callable"):
            return None
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["its import ends Python"]
        return f"the verifier {self._module}:{self._name} can't be called: {lines[-1][:300]}", "mend it"

    def prepare(self) -> None:
        """Imports the function, once a worker, so that no verdict's time is spent on it."""
        _ = self._function

    def close(self) -> None:
        pass

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """Whatever the function raises is no verdict, with the exception as its reason."""
        try:
            return verdict_of(self._function(text, dict(problem)), self._threshold)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            return Verdict(passed=None, reason=f"{self._name} raised {type(error).__name__}: {error}"[:300])

    @cached_property
    def _function(self) -> Callable[[str, dict[str, Any]], object]:
        sys.path[:] = search_path(self._folder)
        found: Any = import_module(self._module)
        for part in self._name.split("."):
            found = getattr(found, part)
        return found

    def _file(self) -> Path | None:
        """Where the module's code is; found without importing it, or what holds it."""
        path: list[str] | None = search_path(self._folder)
        parts = self._module.split(".")
        spec = None
        for end in range(1, len(parts) + 1):
            spec = PathFinder.find_spec(".".join(parts[:end]), path)
            if spec is None:
                return None
            path = list(spec.submodule_search_locations or ())
        return Path(spec.origin) if spec is not None and spec.origin and Path(spec.origin).is_file() else None


def search_path(folder: str | None) -> list[str]:
    """Where Python looks for the user's module: the sweep file's folder, the working directory, this process's path."""
    own = [str(Path(entry or ".").resolve()) for entry in sys.path]
    first = [str(Path(place).resolve()) for place in (folder, ".") if place is not None]
    return list(dict.fromkeys([*first, *own]))
