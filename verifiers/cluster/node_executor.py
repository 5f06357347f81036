"""The executor of a process of a Ray node: made once, kept while the process lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from verifiers.registry import get
from verifiers.types import Bounds, NeedyVerifier, Package, Verifier
from verifiers.workers.executor import LocalExecutor

if TYPE_CHECKING:
    from verifiers.cluster.on_node import Task

_made: dict[str, LocalExecutor] = {}


def executor_of(task: Task) -> LocalExecutor:
    key = repr(task)
    if key not in _made:
        bounds = replace(Bounds(**task.bounds), workers=1)
        _made[key] = LocalExecutor(get(task.kind, task.options, bounds), task.options, bounds)
    return _made[key]


def lack_of(task: Task, problems: Sequence[Any]) -> tuple[str, str] | None:
    """What this node lacks, and the remedy."""
    try:
        verifier: Verifier = executor_of(task).verifier
    except ValueError as error:
        return str(error), "check the options of [verifier]"
    if verifier.version != task.version:
        here = f"its verifier {task.kind} is {verifier.version}, not {task.version}"
        return here[:400], "install the same Python and packages on it"
    lacking = verifier.lacks()
    if lacking is None and problems and isinstance(verifier, NeedyVerifier):
        lacking = verifier.lacks_for(problems)
    if lacking is None:
        return None
    message, remedy = lacking
    if isinstance(remedy, Package):
        remedy = f"install {remedy.requirement or f'manyfew[{remedy.extra}]'} on it"
    return message, remedy
