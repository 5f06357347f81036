"""Verdicts that are quick go into the ledger with their samples; all else is for the judge."""

from __future__ import annotations

import tracemalloc

import pytest

from orchestrator.ledger.file.create import create
from orchestrator.ledger.reading.samples.text_key import text_key
from orchestrator.ledger.writing.rows import SampleRow, Settlement
from orchestrator.run.verdicts import inline
from orchestrator.run.verdicts.inline import InlineVerdicts
from orchestrator.run.verdicts.judge import KnownVerdicts
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.orchestrator.run.verdicts.judging import calls, executor_of
from verifiers.numeric import Numeric
from verifiers.types import Bounds, Verdict
from verifiers.workers.executor import LocalExecutor


def sample(
    text: str, index: int = 0, finish_reason: str | None = "stop", *, problem_id: int = 1
) -> SampleRow:
    return SampleRow(
        problem_id=problem_id, sample_index=index, text=text, reasoning=None, finish_reason=finish_reason,
        prompt_tokens=1, cached_tokens=0, cache_write_tokens=0, cache_write_1h_tokens=0, completion_tokens=1,
        reasoning_tokens=0, token_basis="reported", cost_pico=1, cost_basis="usage", server="s", stop_rule="none",
        latency_s=1.0,
    )  # fmt: skip


def outcome(*samples: SampleRow) -> Settlement:
    return Settlement(
        request_id=1, model_id=1, state="settled", reserved_pico=1, ended_at=0.0, samples=samples
    )


@pytest.fixture
def numeric(tmp_path):
    create(tmp_path / "l.db")
    executor = LocalExecutor(Numeric(), {}, Bounds())
    known = KnownVerdicts(tmp_path / "l.db", executor)
    yield InlineVerdicts(executor, known, {1: {"answer": 18}, 2: {"answer": 17}}.__getitem__), known
    known.close()


def test_a_reply_alike_is_verified_once_and_a_new_verdict_is_told_once(numeric):
    quick, _ = numeric
    found = quick.judge(
        outcome(sample("none"), sample("#### 17", 1), sample("none", 2), sample("#### 18", 3))
    )
    assert [verdict.passed for verdict in found.judged] == [0, 0, 0, 1]
    assert [row.reason for row in found.verdicts] == ["no number in the answer"], (
        "the others' rows say it all"
    )
    assert quick.judge(outcome(sample("none"))).verdicts == ()


def test_how_a_sample_ended_decides_as_in_the_judge(numeric):
    quick, _ = numeric
    ends = [
        sample("#### 18", 0, "length"),
        sample("#### 18", 1, "refusal"),
        sample(" ", 2),
        sample("#### 18", 3),
    ]
    found = quick.judge(outcome(*ends))
    assert [verdict.passed for verdict in found.judged] == [0, 0, 0, 1]
    assert [verdict.reason for verdict in found.judged][:3] == ["cut off at max_tokens", "refused", "empty"]
    assert found.judged[0].answer == "18", "the answer stays"


@pytest.mark.parametrize("at_hand", [inline.MOST_CHARACTERS, 2 * inline.EACH, 0])
def test_a_text_that_came_before_is_another_with_another_end_or_problem(numeric, monkeypatch, at_hand):
    monkeypatch.setattr(inline, "MOST_CHARACTERS", at_hand)
    quick, _ = numeric
    again = [
        sample("#### 18"),
        sample("#### 18", 1, "length"),
        sample("#### 18", 2, problem_id=2),
        sample("#### 17", 3, problem_id=2),
        sample("#### 18", 4),
    ]
    for _ in range(2):
        assert [verdict.passed for verdict in quick.judge(outcome(*again)).judged] == [1, 0, 0, 1, 1]


def test_of_short_texts_too_no_more_verdicts_are_at_hand_than_may_be(numeric, monkeypatch):
    monkeypatch.setattr(inline, "MOST_CHARACTERS", 100 * inline.EACH)
    quick, known = numeric
    for at in range(2000):
        known.keep(text_key(1, f"#### {at}", "stop"), Verdict(passed=False, answer=str(at)))
    tracemalloc.start()
    try:
        for first in range(0, 2000, 50):
            quick.judge(outcome(*(sample(f"#### {at}", at) for at in range(first, first + 50))))
        here = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, inline.__file__)])
    finally:
        tracemalloc.stop()
    assert sum(trace.size for trace in here.statistics("filename")) < 400 * inline.EACH


def test_texts_that_would_hold_up_the_rest_are_for_the_judge(numeric, monkeypatch):
    monkeypatch.setattr(inline, "LONG_TEXT", 20)
    quick, _ = numeric
    long = "a long way of saying " * 5 + "#### 18"
    found = quick.judge(outcome(sample("#### 18"), sample(long, 1), sample("#### 17", 2)))
    assert [verdict and verdict.passed for verdict in found.judged] == [1, None, 0]


def test_a_slow_verifier_is_never_called_here_but_what_it_said_before_is_known(tmp_path):
    create(tmp_path / "l.db")
    with executor_of(tmp_path) as executor:
        known = KnownVerdicts(tmp_path / "l.db", executor)
        known.keep(text_key(1, "18", "stop"), Verdict(passed=True, answer="18"))
        quick = InlineVerdicts(executor, known, lambda _: {"answer": 18})
        found = quick.judge(outcome(sample("18"), sample("17", 1)))
        known.close()
    assert [verdict and verdict.passed for verdict in found.judged] == [1, None]
    assert found.verdicts == ()
    assert calls(tmp_path) == []


def test_a_run_writes_sample_and_verdict_together(tmp_path):
    vendor = openai_vendor(answer=lambda prompt, index: f"#### {index % 3}" if index % 4 else "none")
    db = tmp_path / "l.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=4)}, problems=3, samples=12)
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NOT NULL") == 36
    kept = rows(db, "SELECT problem_id, passed, answer, reason FROM verdict")
    assert [tuple(row)[1:] for row in kept] == [(0, None, "no number in the answer")] * 3, "once a problem"
    told = rows(db, "SELECT DISTINCT text, answer FROM sample_records WHERE answer IS NOT NULL")
    assert {row["text"] for row in told} == {"#### 0", "#### 1", "#### 2"}
    assert all(row["answer"] == row["text"].removeprefix("#### ") for row in told)


@pytest.mark.parametrize(("max_n", "mode"), [(1, "uniform"), (4, "uniform"), (4, "until_solved")])
def test_what_is_counted_of_verdicts_is_what_the_ledger_has(tmp_path, max_n, mode):
    """One of three problems is solved, and not by each of its samples."""
    vendor = openai_vendor(answer=lambda _, index: "none" if index % 3 else "#### 2")
    db = tmp_path / "l.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=max_n, mode=mode)}, problems=3, samples=8)
        ended = run(sweep.write(tmp_path), db)
    shown = ended.result.progress.models[0]
    right = one(db, "SELECT count(*) FROM sample_records WHERE passed = 1")
    solved = one(db, "SELECT count(DISTINCT problem) FROM sample_records WHERE passed = 1")
    assert 0 < solved < 3
    assert (shown.verified, shown.passed, shown.solved_problems) == (shown.done, right, solved)
