"""What runs on a node. It travels by value, so that it can say what is wrong with the manyfew there; so each function
imports what it needs, and nothing of manyfew before the node's own was found to be the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Task(NamedTuple):
    """Which verifier judges, and which manyfew it must be of."""

    kind: str
    options: dict[str, Any]
    bounds: dict[str, Any]
    version: str
    manyfew: str
    digest: str
    """Of the sources of `verifiers`."""


Told = tuple[str, str] | None
Plain = tuple[bool | None, str | None, float | None, str | None, str | None]


def sources_digest() -> str | None:
    """Of the package `verifiers` here; None: there is none. A package of that name on PyPI would take its place."""
    from hashlib import sha256
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("verifiers")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        return None
    root, digest = Path(places[0]), sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def trouble(task: Task) -> Told:
    """Why this node's manyfew can't judge for the one that asks: what, and the remedy."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        there = version("manyfew")
    except PackageNotFoundError:
        there = None
    found = sources_digest()
    if found == task.digest:
        return None
    if found is None:
        return "manyfew is not installed there", f"pip install manyfew=={task.manyfew} on it"
    if there is not None and there != task.manyfew:
        return f"it has manyfew {there}, not {task.manyfew}", f"pip install manyfew=={task.manyfew} on it"
    return (
        "its package `verifiers` is not manyfew's: another package of that name has replaced it, or another build",
        f"pip install --force-reinstall --no-deps manyfew=={task.manyfew} on it",
    )


def look(task: Task, problems: Sequence[Any]) -> Told:
    """What this node lacks to judge answers to these problems."""
    if (told := trouble(task)) is not None:
        return told
    from verifiers.cluster.node_executor import lack_of

    return lack_of(task, problems)


def judge(task: Task, items: Sequence[tuple[str, int]], *problems: Any) -> tuple[str, list[Plain]]:
    """The verifier's version here, and a verdict for each (text, place of its problem among `problems`)."""
    if (told := trouble(task)) is not None:
        return "", [(None, None, None, f"a node can't judge: {told[0]}", None)] * len(items)
    from verifiers.cluster.node_executor import executor_of

    executor = executor_of(task)
    verdicts = executor.judge([(text, problems[place]) for text, place in items])
    return executor.verifier.version, [(v.passed, v.answer, v.score, v.reason, v.evidence) for v in verdicts]
