"""What a verifier is: text and problem in, verdict out. Plain data both ways, so that a cluster could run it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

Sandbox = Literal["bubblewrap", "container", "none-i-trust-this-code"]
Isolation = Literal["inline", "worker", "process", "batch", "asks"]
"""Where `verify` may be called.

- inline: quick and pure Python that cannot hang; many at a time in one thread.
- worker: Python that may hang or grow; in a worker process that is killed at its limits.
- process: starts and kills a process of its own; from several threads at once.
- batch: hours rather than seconds; by `manyfew verify`, beside sampling only where the sweep file says `during`.
- asks: a model judges, which costs money: never called, the orchestrator asks.
"""


class Package(NamedTuple):
    """The remedy for a package that is missing. How it is installed depends on what made the environment."""

    extra: str
    """The extra of manyfew that brings it."""
    python: str = sys.executable
    """The interpreter that lacks it …"""
    requirement: str = ""
    """… and what to install for one that is not manyfew's, as pip writes it."""


Lack = tuple[str, str | Package]
"""What this machine lacks, and the remedy, one line each."""


class Verdict(NamedTuple):
    """passed: True right, False wrong, None undecided (`reason` says why)."""

    passed: bool | None
    answer: str | None = None
    """The extracted answer, normalised, as plain text."""
    score: float | None = None
    reason: str | None = None
    evidence: str | None = None
    """What a person would look at: the test that failed, the prover's message. At most 2,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one verification may take. None of it changes what is right, so none of it is in a version, except
    if a program past its limit is wrong: then its limits are."""

    timeout_s: float = 10.0
    workers: int | None = None
    """Verifications at once; None: as many as there are cores."""
    memory_mb: int = 1024
    sandbox: Sandbox | None = None
    """None: bubblewrap where it is, else programs are refused."""
    folder: str | None = None
    """Where relative names of an option are looked up: the sweep file's folder. None: the working directory."""


class Verifier(Protocol):
    """Pure: the same text and problem give the same verdict, for as long as `version` is the same."""

    @property
    def kind(self) -> str: ...

    @property
    def version(self) -> str:
        """Goes into every verdict; raise it whenever a verdict could change. Includes options that bear on it."""
        ...

    @property
    def isolation(self) -> Isolation: ...

    def lacks(self) -> Lack | None:
        """What this machine lacks to verify anything; None: it can. Asked once, before any money is spent."""
        ...

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """Judges one answer. `problem` is the source's data. Never raises for any text; blocks until it is judged."""
        ...

    def close(self) -> None:
        """Ends what it keeps running, at once, calls of `verify` in other threads included. It may be used again."""
        ...


@runtime_checkable
class NeedyVerifier(Verifier, Protocol):
    """A verifier that needs more of this machine for some problems than for others."""

    def lacks_for(self, problems: Iterable[Mapping[str, Any]], /) -> Lack | None:
        """As `lacks`, of all these problems together. Asked once `lacks` has said None."""
        ...


@runtime_checkable
class BatchVerifier(Verifier, Protocol):
    """A verifier of isolation "batch": many answers in one call, since each costs minutes and most of its work is
    shared. `verify` of one is `verify_many` of a list of one."""

    def verify_many(self, items: Sequence[tuple[str, Mapping[str, Any]]], /) -> list[Verdict]:
        """One verdict for each (text, problem), in their order; several texts of one problem may be among them.
        Never raises for any text; what could not be judged has passed None and the reason, and is asked again by the
        next `manyfew verify`. Interrupted by KeyboardInterrupt; what is done by then may be kept for the next call."""
        ...
