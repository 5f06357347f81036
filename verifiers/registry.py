"""The verifiers by kind. Each is imported on first use: some import a lot."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from verifiers.types import Bounds, Sandbox, Verifier

_KINDS: Mapping[str, str] = {
    "numeric": "verifiers.numeric:Numeric",
    "math": "verifiers.math.kind:Math",
    "choice": "verifiers.choice:Choice",
    "exact": "verifiers.exact:Exact",
    "regex": "verifiers.regex:Regex",
    "judge": "verifiers.judge:Judge",
    "python": "verifiers.python_call:PythonCall",
    "command": "verifiers.command:Command",
    "code": "verifiers.code.kind:Code",
    "swebench": "verifiers.swebench.kind:Swebench",
    "coq": "verifiers.proofs.coq.kind:Coq",
    "lean": "verifiers.proofs.lean.kind:Lean",
}
KINDS: tuple[str, ...] = tuple(_KINDS)
"""The names that `verifier.kind` may have."""
FOREIGN = frozenset({"python", "command", "lean", "swebench"})
"""Kinds whose options name code to run: nothing that only a ledger says, which may be another person's, runs."""


def get(kind: str, options: Mapping[str, Any], bounds: Bounds | None = None) -> Verifier:
    """The verifier of that kind with these options; ValueError, one line, for an unknown kind, an unknown option or
    an option out of range. Its class names its options in OPTIONS and takes them and `bounds` by keyword."""
    make = _class(kind)
    if unknown := sorted(options.keys() - set(make.OPTIONS)):
        known = ", ".join(make.OPTIONS) or "none"
        raise ValueError(f"verifier {kind} has no option {unknown[0]!r}; known: {known}")
    return make(bounds=bounds or bounds_for(kind), **options)


def options_of(kind: str) -> tuple[str, ...]:
    """The options that a kind takes; ValueError for an unknown kind."""
    return tuple(_class(kind).OPTIONS)


def bounds_for(
    kind: str,
    *,
    timeout_s: float | None = None,
    workers: int | None = None,
    memory_mb: int | None = None,
    sandbox: Sandbox | None = None,
    folder: str | None = None,
) -> Bounds:
    """The bounds stated, and the kind's own (its class may set TIMEOUT_S and MEMORY_MB) for what is not."""
    make = _class(kind)
    usual = Bounds()
    return Bounds(
        timeout_s=timeout_s or getattr(make, "TIMEOUT_S", usual.timeout_s),
        memory_mb=memory_mb or getattr(make, "MEMORY_MB", usual.memory_mb),
        workers=workers,
        sandbox=sandbox,
        folder=folder,
    )


def _class(kind: str) -> Any:
    if kind not in _KINDS:
        raise ValueError(f"unknown verifier {kind!r}; known: {', '.join(KINDS)}")
    module, _, name = _KINDS[kind].partition(":")
    return getattr(import_module(module), name)
