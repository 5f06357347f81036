"""Verdicts of a ledger's many samples by a quick verifier, in several processes: the same as one after the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.importing.samples import import_samples
from orchestrator.run.verdicts.verify_ledger import verify_ledger
from tests.orchestrator.run.books import one, rows
from verifiers.numeric import Numeric
from verifiers.registry import bounds_for, get
from verifiers.workers.executor import Executor, LocalExecutor

WORDINGS = ("The answer is {}.", "#### {}", "\\boxed{{{}}}", "no idea", "{} apples", "", "a\x00b é {}")
END = {3: "length", 5: "content_filter"}


def ledger(folder: Path, problems: int, samples: int) -> tuple[Path, list[tuple[str, str | None, str]]]:
    """(its path; text, ending and gold of each sample, in their order)."""
    path, lines = folder / "l.db", folder / "l.jsonl"
    made: list[tuple[str, str | None, str]] = []
    with lines.open("w", encoding="utf-8") as file:
        for problem in range(problems):
            for index in range(samples):
                text = WORDINGS[(problem + index) % len(WORDINGS)].format(problem + index % 2)
                made.append((text, END.get(index % 11), str(problem)))
                line = {"model": "m", "problem": f"p{problem}", "sample_index": index, "text": text}
                line |= {"finish_reason": made[-1][1], "question": "?", "gold": str(problem)}
                file.write(json.dumps(line) + "\n")
    import_samples([lines], path)
    return path, made


def executor_of(workers: int | None = None) -> Executor:
    bounds = bounds_for("numeric", workers=workers)
    return LocalExecutor(get("numeric", {}, bounds), {}, bounds)


@pytest.mark.parametrize(("problems", "samples"), [(3, 7), (40, 90)])
def test_the_same_verdicts_as_one_after_the_other(tmp_path, problems, samples):
    path, made = ledger(tmp_path, problems, samples)
    executor = executor_of(2)
    try:
        with acquire(path) as lock:
            done = verify_ledger(lock, executor, which="all")
    finally:
        executor.close()
    numeric = Numeric()
    wanted = [
        int(end is None and bool(text.strip()) and numeric.verify(text, {"answer": gold}).passed is True)
        for text, end, gold in made
    ]
    assert [row["passed"] for row in rows(path, "SELECT passed FROM sample ORDER BY id")] == wanted
    assert (done.judged, done.passed, done.undecided) == (len(made), sum(wanted), 0)
    assert one(path, "SELECT count(*) FROM verdict WHERE reason IS NULL") == 0, "the samples' rows say it all"
    assert {row["reason"] for row in rows(path, "SELECT DISTINCT reason FROM verdict")} >= {
        "cut off at max_tokens", "refused", "empty", "no number in the answer",
    }  # fmt: skip
