"""Sweeps whose answers are proofs: a real Coq, and the stand-in for Lean's REPL, behind real runs."""

import json
import shutil
from pathlib import Path

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.verifiers.proofs.coq_cases import BY_NAME
from tests.verifiers.proofs.test_lean import FOUR, PROJECT, PYTHON

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="needs Coq (apt install coq)")
NAMES = ("add_zero", "and_swap", "colours")


def answer(prompt: str, index: int) -> str:
    """In turn a right proof, a wrong one, and one that admits what it should prove."""
    case = next(BY_NAME[name] for name in NAMES if name in prompt)
    return (case.right[0], case.wrong[0], f"```coq\nTheorem {case.name} : {case.statement}.\nAdmitted.\n```")[
        index % 3
    ]


def tuples(db: Path, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in rows(db, query)]


@needs_bwrap
@needs_coq
def test_a_sweep_of_coq_proofs(tmp_path):
    vendor = openai_vendor(answer=answer)
    problems = [
        {**BY_NAME[name].problem, "question": f"Prove {name}: {BY_NAME[name].statement}"} for name in NAMES
    ]
    db = tmp_path / "l.db"
    with serving(vendor):
        file = SweepFile(
            {"m": model(vendor)}, problems=problems, samples=6, verifier={"kind": "coq", "workers": 2}
        )
        ended = run(file.write(tmp_path), db)
    assert ended.status == 0
    assert tuples(db, "SELECT passed, count(*) FROM sample_records GROUP BY passed") == [(0, 12), (1, 6)]
    reasons = {row[0] for row in tuples(db, "SELECT DISTINCT reason FROM verdict")}
    assert any("rests on Proof.and_swap" in str(reason) for reason in reasons)
    assert str(one(db, "SELECT DISTINCT verifier FROM verdict")).startswith("coq")
    check_books(db)


@needs_bwrap
def test_a_sweep_of_lean_proofs_from_minif2f(tmp_path):
    vendor = openai_vendor(
        answer=lambda prompt, index: ("  norm_num\n", "  linarith\n", "  sorry\n")[index % 3]
    )
    (tmp_path / "test.jsonl").write_text(json.dumps(FOUR) + "\n", encoding="utf-8")
    db = tmp_path / "l.db"
    with serving(vendor):
        file = SweepFile(
            {"m": model(vendor, api="completions")},
            source={"source": "minif2f", "path": "test.jsonl", "split": "test-math"},
            samples=6,
            verifier={"project": str(PROJECT), "repl": [PYTHON, "-I", "repl.py"]},
        )
        ended = run(file.write(tmp_path), db)
    assert ended.status == 0
    assert tuples(db, "SELECT problem, passed, count(*) FROM sample_records GROUP BY passed") == [
        ("mathd_four", 0, 4),
        ("mathd_four", 1, 2),
    ]
    check_books(db)
