"""Sweeps of a small agent on a toy repository, and what their ledgers must hold."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.loopback.scripted import ScriptedVendor
from tests.orchestrator.run.books import money, one, rows
from tests.orchestrator.run.sweeps import SweepFile

AGENT = ["python3", str(Path(__file__).with_name("agent.py"))]
FIXED = "+    return a + b"
FIX = ("calc.py", "a - b", "a + b")


def toy(folder: Path, problems: int = 1) -> list[dict[str, str]]:
    """Repositories with one mistake each, and the problems to mend them."""
    for number in range(problems):
        repository = folder / f"repos/p{number}"
        repository.mkdir(parents=True)
        (repository / "calc.py").write_text(f"def add(a, b):\n    return a - b  # {number}\n")
        named = ["-c", "user.name=a", "-c", "user.email=a@b"]
        for words in (["init", "-q"], ["add", "-A"], [*named, "commit", "-qm", "first"]):
            subprocess.run(["git", *words], cwd=repository, check=True)
    return [
        {"id": f"p{n}", "question": "add() in calc.py is wrong: mend it", "answer": "a + b"}
        for n in range(problems)
    ]


def agents(
    folder: Path, vendor: ScriptedVendor, /, *, problems: int = 1, samples: int = 1, **agent: Any
) -> Path:
    """A sweep file of one agent's model, `a`. Keys of the model itself go into `model`."""
    more = agent.pop("model", {})
    budget, stated = agent.pop("budget_usd", 10), agent.pop("max_tokens", 1000)
    table = {
        "command": AGENT,
        "attempt_usd": 0.5,
        "folder": "repos/{problem}",
        "output": "git-diff",
        "concurrency": 4,
        **agent,
    }
    model = {
        "provider": "openai-compatible",
        "model": "m",
        "base_url": vendor.base_url,
        "price": {"input": vendor.input_usd, "output": vendor.output_usd},
        **more,
        "agent": {name: value for name, value in table.items() if value is not None},
    }
    return SweepFile(
        models={"a": model},
        problems=list(toy(folder, problems)),
        samples=samples,
        max_tokens=stated,
        budget_usd=budget,
        verifier={"kind": "regex", "pattern": r"\+ +return (a \+ b)"},
    ).write(folder)


def check_agents_books(db: Path, vendor: ScriptedVendor) -> None:
    """The bill is covered, and every dollar of a call is a sample's or said to be unused."""
    held = money(db)
    assert vendor.billed_pico <= held.settled + held.presumed
    assert held.reserved == 0
    assert one(db, "SELECT coalesce(sum(held_pico), 0) FROM agent_attempt") == 0
    samples = one(db, "SELECT coalesce(sum(cost_pico), 0) FROM sample WHERE cost_basis != 'bound'")
    assert samples + held.unused >= held.settled
    for attempt in rows(db, "SELECT * FROM agent_attempt"):
        calls = rows(
            db,
            "SELECT coalesce(sum(settled_pico), 0) AS settled, coalesce(sum(presumed_pico), 0) AS presumed "
            "FROM request WHERE agent_attempt_id = ?",
            attempt["id"],
        )[0]
        assert (attempt["settled_pico"], attempt["presumed_pico"]) == (calls["settled"], calls["presumed"])
        assert attempt["settled_pico"] + attempt["presumed_pico"] <= attempt["cap_pico"]


def ends(db: Path) -> list[tuple[Any, ...]]:
    """(sample, finish_reason, passed) of each sample."""
    sql = "SELECT sample_index, finish_reason, passed FROM sample_records ORDER BY problem, sample_index"
    return [tuple(row) for row in rows(db, sql)]
