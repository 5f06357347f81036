"""HumanEval's samples.jsonl, and what judges it, into a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrator.sample_files import LINE, exported, records, write
from verifiers.sandbox import choose

LACKS = choose(None).lacks()

PROBLEM = {
    "task_id": "Own/0",
    "prompt": "def double(x):\n    \"\"\"Twice x.\"\"\"\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
    "entry_point": "double",
}  # fmt: skip
LINES = [
    {"task_id": "Own/0", "completion": "    return 2 * x\n"},
    {"task_id": "Own/0", "completion": "    return x\n"},
    {"task_id": "Own/1", "completion": "    return x\n", "passed": True, "result": "passed"},
]


def test_a_task_s_samples_are_numbered_as_they_come(command):
    done = command(
        "import", str(write(Path("mine.jsonl"), *LINES)), "--db", "a.db", "--usd-per-sample", "0.01"
    )
    assert done.returncode == 0, done.stderr
    found = records(Path("a.db"))
    assert [(r["model"], r["problem"], r["sample_index"], r["passed"], r["cost_usd"]) for r in found] == [
        ("mine", "Own/0", 0, None, 0.01),
        ("mine", "Own/0", 1, None, 0.01),
        ("mine", "Own/1", 0, 1, 0.01),
    ]
    assert found[1]["text"] == "    return x\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"task_id": "a"}, "mine.jsonl:2: has no completion as text"),
        ({"completion": "x"}, "mine.jsonl:2: has no task_id"),
        ({"task_id": "a", "completion": "x", "passed": 7}, "mine.jsonl:2: passed is neither true nor false"),
    ],
)
def test_one_bad_line_and_nothing_is_imported(command, line, said):
    done = command("import", str(write(Path("mine.jsonl"), LINES[0], line)), "--db", "a.db")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not Path("a.db").exists()


def test_what_does_not_go_together_is_said(command):
    mine, own = str(write(Path("mine.jsonl"), *LINES)), str(write(Path("own.jsonl"), LINE))
    assert "--model is for" in command("import", own, "--db", "a.db", "--model", "m").stderr
    assert "--path: goes with --source" in command("import", mine, "--db", "a.db", "--path", mine).stderr
    assert "unknown source" in command("import", mine, "--db", "a.db", "--source", "none").stderr
    assert not Path("a.db").exists()


@pytest.mark.skipif(LACKS is not None, reason=str(LACKS))
def test_imported_programs_are_judged_by_their_source_s_tests(command):
    write(Path("problems.jsonl"), PROBLEM)
    source = ("--source", "humaneval", "--path", "problems.jsonl")
    done = command("import", str(write(Path("mine.jsonl"), *LINES)), "--db", "a.db", "--model", "m", *source)
    assert done.returncode == 0, done.stderr
    assert "1 of the problems was found in the source" in done.stdout
    assert "Next: manyfew verify a.db --verifier code" in done.stdout
    assert command("verify", "a.db", "--verifier", "code").returncode == 0
    assert [row["passed"] for row in records(Path("a.db"))][:2] == [1, 0]
    assert {row["model"] for row in exported(command, Path("a.db"))} == {"m"}
