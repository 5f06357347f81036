"""There is one way to send: nobody else reserves money in the ledger or decides what follows a failure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("orchestrator", "providers", "pricing", "verifiers", "manyfew")
SENDING = ROOT / "orchestrator" / "sending"
SCHEDULER = ROOT / "orchestrator" / "scheduler"
LEDGER = ROOT / "orchestrator" / "ledger" / "writing"
POLICY = "orchestrator.scheduler.retry"


def files(*words: str, but: tuple[Path, ...]) -> Iterator[tuple[Path, ast.Module]]:
    """Those that hold any of the words; to parse all takes seconds."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not any(path.is_relative_to(folder) for folder in but):
                text = path.read_text()
                if any(word in text for word in words):
                    yield path, ast.parse(text)


def calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names of methods that are called, or taken to be called later."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno  # getattr(ledger, "reserve")


@pytest.mark.parametrize("method", ["reserve", "reserve_batch"])
def test_nobody_else_reserves(method):
    """The scheduler's own budget has a method of the same name, which is memory alone."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, tree in files(method, but=(SENDING, SCHEDULER, LEDGER))
        for name, line in calls(tree)
        if name == method
    ]
    assert not found, "sent without the sender: " + ", ".join(found)


def test_nobody_else_inserts_requests():
    found = [f"{path.relative_to(ROOT)}" for path, _ in files("Reservation(", but=(SENDING, LEDGER))]
    assert not found


def imports(tree: ast.Module) -> Iterator[str]:
    """Full names of what is imported, and of the modules that it is imported from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nobody_else_asks_the_retry_policy():
    found = [
        f"{path.relative_to(ROOT)}"
        for path, tree in files(POLICY, POLICY.rpartition(".")[0], but=(SENDING, SCHEDULER))
        if POLICY in imports(tree) or POLICY in {name for name, _ in calls(tree)}
    ]
    assert not found, "retries by itself: " + ", ".join(found)


def test_nobody_else_tells_the_scheduler_how_an_attempt_ended():
    """`Scheduler.replied` and `failed` free money and decide what follows."""
    found: list[str] = []
    for path, tree in files("failed", "replied", but=(SENDING, SCHEDULER)):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("failed", "replied")
                and ast.unparse(node.func.value).rpartition(".")[2].strip("_") == "scheduler"
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


def test_the_sender_does_reserve():
    """So that a renamed method does not make the others pass."""
    names = {name for path in SENDING.glob("*.py") for name, _ in calls(ast.parse(path.read_text()))}
    assert {"reserve", "reserve_batch", "failed", "replied"} <= names
