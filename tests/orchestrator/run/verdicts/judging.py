"""A verifier of the user's own, as tests need it: it writes down its calls, and texts say how it behaves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from verifiers.registry import bounds_for, get
from verifiers.workers.executor import Executor, LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

CODE = """
import os, time

def judge(text, problem):
    with open(os.path.join(os.path.dirname(__file__), "calls"), "a") as calls:
        calls.write(f"{problem['id']} {text}\\n")
    if "sleep" in text:
        time.sleep(float(text.split()[1]))
    if "hang" in text:
        time.sleep(600)
    return {"passed": str(problem["answer"]) in text.split(), "answer": text[:20], "evidence": "looked at"}
"""


def write_judge(folder: Path, name: str = "own_judge") -> dict[str, Any]:
    """Puts it there; gives its [verifier] table."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / f"{name}.py").write_text(CODE)
    return {"kind": "python", "call": f"{name}:judge"}


def calls(folder: Path) -> list[str]:
    """Each call so far, as "problem text"."""
    file = folder / "calls"
    return file.read_text().splitlines() if file.exists() else []


@contextmanager
def executor_of(folder: Path, *, timeout_s: float = 10, workers: int = 2) -> Generator[Executor]:
    table = write_judge(folder)
    options = {"call": table["call"]}
    bounds = bounds_for("python", timeout_s=timeout_s, workers=workers, folder=str(folder))
    made = LocalExecutor(get("python", options, bounds), options, bounds)
    try:
        yield made
    finally:
        made.close()
