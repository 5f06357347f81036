"""Kind `code`: a program in Python, run in the sandbox against the tests of its problem.

Two forms, distinguished by what the problem has:

- CodeContests': `public_tests`, `private_tests`, `generated_tests`, each {"input": […], "output": […]}; the program
  reads stdin and writes stdout. See stdin.py and compare_output.py.
- HumanEval's: `prompt`, `test` and `entry_point`; or MBPP's: `test_list` and `code`. A test may define
  `check(candidate)`, assert at its top level, or hold classes of unittest. See function.py and problem.py.

How a program is found in an answer: extract.py. What it can't do: sandbox/bubblewrap.py. It has Python's standard
library and, of what is installed beside manyfew, the packages that `packages` names. A program that fails because it
imports another known package was not judged: no verdict, with the package's name.

Options
- `time_factor`, `time_extra_s`: a test's limit is the problem's own times the one plus the other (1 and 0; "Large
  Language Monkeys" gives 10 s more). Where the problem has none, and for functions, it is `timeout_s`.
- `block = "last"` or `"first"`: which fenced block is the program.
- `packages`: what programs and tests may import, by the names that pip knows; default numpy, scipy, sympy,
  sortedcontainers. In a container it is what the image has, and this option means nothing.
- `image`: the container's image, if `sandbox = "container"`.

`memory_mb` bounds the program's memory; the problem's own memory limit, made for compiled programs, is not looked at.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Any, ClassVar, Protocol, cast

from verifiers.code import function as code_function
from verifiers.code import stdin as code_stdin
from verifiers.code.compare_apart import NotComparedError
from verifiers.code.extract import function, whole_program
from verifiers.code.jobs import Seen, asking_job, seen
from verifiers.code.missing import Missing, missing_of, not_judged
from verifiers.code.problem import function_problem
from verifiers.sandbox import Child, Jail, Job, SandboxError, choose
from verifiers.sandbox.packages import installed
from verifiers.sandbox.seccomp import seccomp_filter
from verifiers.types import Bounds, Isolation, Lack, Package, Verdict

_VERSION = "2"
_ASK_S = 30.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PACKAGES = ("numpy", "scipy", "sympy", "sortedcontainers")


class _Running(Protocol):
    def kill(self) -> None: ...


class Code:
    """Every verification has sandboxes of its own; several threads may verify at once."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("time_factor", "time_extra_s", "block", "packages", "image")
    kind = "code"
    isolation: Isolation = "process"

    def __init__(
        self,
        *,
        bounds: Bounds | None = None,
        time_factor: float = 1.0,
        time_extra_s: float = 0.0,
        block: str = "last",
        packages: object = PACKAGES,
        image: str | None = None,
    ) -> None:
        """ValueError, one line, for an option out of range."""
        self._bounds = bounds or Bounds()
        self._factor = _number("time_factor", time_factor, least=0.01)
        self._extra = _number("time_extra_s", time_extra_s, least=0.0)
        if block not in ("last", "first"):
            raise ValueError(f"verifier code: block is {block!r}; it may be 'last' or 'first'")
        if image is not None and (not isinstance(image, str) or self._bounds.sandbox != "container"):  # pyright: ignore[reportUnnecessaryIsInstance] - from TOML
            raise ValueError(
                "verifier code: image is the name of a container's image, for sandbox = 'container'"
            )
        self._first_block = block == "first"
        self._image = image
        self._packages = _names(packages)
        self._jail: Jail = choose(self._bounds.sandbox, image)
        self._running: set[_Running] = set()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def version(self) -> str:
        """With the limits: past one of them a program is wrong."""
        parts = [_VERSION, f"python{sys.version_info[0]}.{sys.version_info[1]}"]
        parts += [f"timeout={self._bounds.timeout_s:g}", f"memory={self._bounds.memory_mb}"]
        if (self._factor, self._extra) != (1.0, 0.0):
            parts.append(f"time={self._factor:g}x+{self._extra:g}")
        if self._first_block:
            parts.append("block=first")
        if self._image:
            parts.append(f"image={self._image}")
        if self._jail.name != "container" and (found := installed(self._packages)):
            parts.append(f"packages={', '.join(found)}")
        return ";".join(parts)

    def lacks(self) -> tuple[str, str] | None:
        return self._jail.lacks()

    def lacks_for(self, problems: Iterable[Mapping[str, Any]], /) -> Lack | None:
        """What tests of these problems import that programs here can't have."""
        missing = missing_of(problems, self._find_modules)
        return None if missing is None else self._told(missing)

    def _told(self, missing: Missing) -> Lack:
        names = ", ".join(missing.modules)
        lack = (
            f"the sandbox does not have {names}, which the tests of {missing.problems:,} "
            f"problem{'' if missing.problems == 1 else 's'} import (the first: {missing.first})"
        )
        if self._jail.name == "container":
            return lack, f"set image, under [verifier], to one that has {names}"
        if set(missing.modules) <= set(PACKAGES) <= set(self._packages):
            return lack, Package("code")
        wanted = ", ".join(f'"{name}"' for name in dict.fromkeys((*self._packages, *missing.modules)))
        return lack, f"install {names} beside manyfew, and write packages = [{wanted}] under [verifier]"

    def _find_modules(self, names: Sequence[str]) -> set[str]:
        """Those of these modules that can be imported in the sandbox, asked there."""
        source = f"import importlib.util as u\nfor n in {list(names)!r}:\n    if u.find_spec(n): print(n)"
        with self._start(asking_job(source, self._seen)) as child:
            return set(child.read_to_end(_ASK_S).stdout.decode().split())

    @property
    def _seen(self) -> Seen:
        return seen(self._jail.name, self._packages)

    def close(self) -> None:
        """Ends every program that still runs; whoever verifies it gets no verdict."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for child in running:
            child.kill()

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None if the problem is in neither form or the sandbox did not work."""
        try:
            verdict = self._judge(text, problem)
        except SandboxError as error:
            return Verdict(passed=None, reason=f"the sandbox did not work: {error}")
        except NotComparedError as error:
            return Verdict(passed=None, reason=f"the output was not compared: {error}")
        if self._closed and not verdict.passed:
            return Verdict(passed=None, reason="broken off")
        return not_judged(verdict)

    def _judge(self, text: str, problem: Mapping[str, Any]) -> Verdict:
        limits: dict[str, Any] = {"memory_mb": self._bounds.memory_mb, "packages": self._seen}
        if (asked := function_problem(problem)) is not None:
            alternatives = function(text, asked, first_block=self._first_block)
            if not alternatives:
                return Verdict(passed=False, reason="no program in the answer")
            return code_function.judge(
                alternatives, asked, start=self._start, limit_s=self._bounds.timeout_s, **limits
            )
        try:
            tests = code_stdin.tests_of(problem)
        except ValueError as error:
            return Verdict(passed=None, reason=f"the problem's {error}")
        if not tests:
            return Verdict(
                passed=None, reason="the problem has neither tests nor prompt, test and entry_point"
            )
        if problem.get("input_file") or problem.get("output_file"):
            return Verdict(passed=None, reason="the problem is about files, not about stdin and stdout")
        alternatives = whole_program(text, first_block=self._first_block)
        if not alternatives:
            return Verdict(passed=False, reason="no program in the answer")
        own = code_stdin.time_limit(problem)
        limit = self._bounds.timeout_s if own is None else own * self._factor + self._extra
        return code_stdin.judge(
            alternatives,
            tests,
            start=self._start,
            watch=self._watched,
            limit_s=limit,
            program_filter=self._program_filter(),
            **limits,
        )

    def _program_filter(self) -> bytes | None:
        """With which tests can share a sandbox: only bubblewrap and this filter together keep them apart."""
        if self._jail.name != "bubblewrap" or find_spec("_ctypes") is None:
            return None
        return seccomp_filter(one_process=True, apart=True)

    @contextmanager
    def _start(self, job: Job, stdin: IO[bytes] | int = subprocess.PIPE) -> Generator[Child]:
        """A job that `close` can end."""
        if self._closed:
            raise SandboxError("closed")
        with self._jail.start(job, stdin) as child, self._watched(child):
            yield child

    @contextmanager
    def _watched(self, running: _Running) -> Generator[None]:
        with self._lock:
            self._running.add(running)
        try:
            if self._closed:  # meanwhile
                running.kill()
            yield
        finally:
            with self._lock:
                self._running.discard(running)


def _number(name: str, value: object, *, least: float) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or value < least
    ):
        raise ValueError(f"verifier code: {name} is {value!r}; it may be a number from {least:g} on")
    return float(value)


def _names(value: object) -> tuple[str, ...]:
    found = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else [None]
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in found):
        raise ValueError(f'verifier code: packages is {value!r}; it may be a list of names such as ["numpy"]')
    return tuple(map(str, found))
