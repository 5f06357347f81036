"""Samples in, verdicts out: each text once, problems in turn, never more waiting than there is room for."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.file.create import create
from orchestrator.run.verdicts import judge as module
from orchestrator.run.verdicts.case import Unjudged, bounded
from orchestrator.run.verdicts.judge import Judge, KnownVerdicts
from tests.orchestrator.run.verdicts.judging import calls, executor_of
from verifiers.numeric import Numeric
from verifiers.types import Bounds, Verdict
from verifiers.workers.executor import Executor, LocalExecutor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from orchestrator.ledger.writing.rows import VerdictRow


def sample(text: str, problem: int = 1, index: int = 0, finish_reason: str | None = "stop") -> Unjudged:
    return Unjudged(
        alias="m",
        model_id=1,
        problem_id=problem,
        ordinal=problem,
        sample_index=index,
        text=text,
        finish_reason=finish_reason,
    )


class Heard:
    """What the judge tells, in order, and when."""

    def __init__(self) -> None:
        self.rows: list[VerdictRow] = []
        self.writes = 0
        self.at: dict[int, float] = {}
        self.started = time.monotonic()

    async def write(self, rows: Sequence[VerdictRow]) -> None:
        self.writes += 1
        await asyncio.sleep(0)

    def on_verdict(self, sample: Unjudged, row: VerdictRow) -> None:
        self.rows.append(row)
        self.at[sample.problem_id] = time.monotonic() - self.started


@asynccontextmanager
async def judging(executor: Executor, tmp_path, heard: Heard) -> AsyncGenerator[Judge]:
    ledger = tmp_path / "l.db"
    if not ledger.exists():
        create(ledger)
    made = Judge(
        executor,
        KnownVerdicts(ledger, executor),
        lambda problem: {"id": problem, "answer": 18},
        write=heard.write,
        on_verdict=heard.on_verdict,
    )
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_each_text_of_a_problem_is_verified_once(tmp_path):
    heard = Heard()
    with executor_of(tmp_path) as executor:
        async with judging(executor, tmp_path, heard) as judge:
            for index in range(20):
                await judge.add(sample(f"{17 + index % 2}", problem=1 + index % 4 // 2, index=index))
            await judge.drained()
    assert sorted(calls(tmp_path)) == ["1 17", "1 18", "2 17", "2 18"]
    assert len(heard.rows) == 20
    assert {row.passed for row in heard.rows if row.answer == "18"} == {1}
    assert {row.evidence for row in heard.rows} == {"looked at"}


async def test_a_slow_problem_holds_up_no_other(tmp_path):
    heard = Heard()
    with executor_of(tmp_path, workers=2) as executor:
        async with judging(executor, tmp_path, heard) as judge:
            for index in range(4):
                await judge.add(sample(f"sleep 0.5 {index}", problem=1, index=index))
            for problem in range(2, 42):
                await judge.add(sample("18", problem=problem))
            await judge.drained()
    others = max(at for problem, at in heard.at.items() if problem > 1)
    assert others < heard.at[1] - 0.9, "the slow problem's second half came long after all the others"


async def test_back_pressure(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 8)
    heard = Heard()
    with executor_of(tmp_path, workers=1) as executor:
        async with judging(executor, tmp_path, heard) as judge:
            adding = [
                asyncio.create_task(judge.add(sample(f"sleep 0.05 {i}", problem=i, index=i)))
                for i in range(12)
            ]
            await asyncio.wait(adding, timeout=0.03)
            assert sum(task.done() for task in adding) == 8, "there is room for so many"
            assert judge.behind
            await asyncio.gather(*adding)
            await judge.drained()
            assert (judge.behind, judge.waiting, len(heard.rows)) == (False, 0, 12)


async def test_how_a_sample_ended_decides_before_its_text(tmp_path):
    heard = Heard()
    cases = [
        ("18", "length"),
        ("18", "refusal"),
        ("18", "content_filter"),
        (" \n", "stop"),
        ("18", "stop"),
        ("18", None),
    ]
    with executor_of(tmp_path) as executor:
        async with judging(executor, tmp_path, heard) as judge:
            for index, (text, finish) in enumerate(cases):
                await judge.add(sample(text, index=index, finish_reason=finish))
            await judge.drained()
    found = {row.sample_index: (row.passed, row.reason) for row in heard.rows}
    assert found == {
        0: (0, "cut off at max_tokens"),
        1: (0, "refused"),
        2: (0, "refused"),
        3: (0, "empty"),
        4: (1, None),
        5: (1, None),
    }
    assert calls(tmp_path) == ["1 18"], "what is wrong anyway is not run"


async def test_an_inline_verifier_still_reads_the_answer_of_what_was_cut_off(tmp_path):
    heard = Heard()
    executor = LocalExecutor(Numeric(), {}, Bounds())
    async with judging(executor, tmp_path, heard) as judge:
        await judge.add(sample("it is 18", finish_reason="length"))
        await judge.drained()
    assert [(row.passed, row.answer) for row in heard.rows] == [(0, "18")]


async def test_many_inline_verdicts_are_written_together(tmp_path):
    heard = Heard()
    executor = LocalExecutor(Numeric(), {}, Bounds())
    async with judging(executor, tmp_path, heard) as judge:
        for index in range(2000):
            await judge.add(sample(f"it is {index}", index=index))
        await judge.drained()
    assert sum(row.passed == 1 for row in heard.rows) == 1
    assert len(heard.rows) == 2000
    assert heard.writes < 200


async def test_cancelling_while_a_verdict_is_due_ends_at_once(tmp_path):
    heard = Heard()
    with executor_of(tmp_path, timeout_s=600) as executor:
        started = time.monotonic()
        async with judging(executor, tmp_path, heard) as judge:
            await judge.add(sample("hang"))
            while not calls(tmp_path):  # noqa: ASYNC110 - another process writes the file
                await asyncio.sleep(0.01)
        executor.close()
        assert time.monotonic() - started < 60  # of ten minutes
    assert heard.rows == []


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [
        (Verdict(passed=True, score=float("nan")), Verdict(passed=True)),
        (Verdict(passed=True, score=float("inf")), Verdict(passed=True)),
        (Verdict(passed=True, answer="\udcff"), Verdict(passed=True, answer="?")),
        (Verdict(passed=None, reason="x" * 999), Verdict(passed=None, reason="x" * 299 + "…")),
        (Verdict(passed=False, evidence="x" * 9999), Verdict(passed=False, evidence="x" * 1999 + "…")),
    ],
)
def test_what_the_ledger_can_not_hold_is_not_kept(verdict, kept):
    assert bounded(verdict, None) == kept
