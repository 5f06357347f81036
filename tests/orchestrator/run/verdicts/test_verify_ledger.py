"""Verification beside sampling: real workers, real runs, and what interrupts them."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.file.lock import acquire
from orchestrator.report.terminal.summary import Ending, next_commands
from orchestrator.run.prepare import prepare
from orchestrator.run.run_sweep import Options, run_sweep
from orchestrator.run.verdicts import judge as judge_module
from orchestrator.run.verdicts.verify_ledger import verify_ledger
from orchestrator.sending.signals import Signals
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, money, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, interrupt_twice, model, run, start
from tests.orchestrator.run.verdicts.judging import calls, executor_of, write_judge
from tests.verifiers.processes import gone, needs_proc, until
from verifiers.types import Bounds, Isolation, Verdict
from verifiers.workers.executor import LocalExecutor


def texts(text: str):
    return lambda prompt, index: text.format(index=index)


def sweep(vendor, folder, *, samples: int = 6, problems: int = 3, **verifier: Any) -> SweepFile:
    return SweepFile(
        {"m": model(vendor, max_n=2, limits={"concurrency": 3})},
        problems=problems,
        samples=samples,
        verifier={**write_judge(folder), **verifier},
    )


def test_each_distinct_text_is_verified_once_over_all_runs(tmp_path):
    vendor = openai_vendor(answer=lambda prompt, index: f"{index % 2}")
    db = tmp_path / "l.db"
    with serving(vendor):
        assert run(sweep(vendor, tmp_path).write(tmp_path), db).status == 0
        assert run(sweep(vendor, tmp_path, samples=12).write(tmp_path), db).status == 0
    assert set(Counter(calls(tmp_path)).values()) == {1}
    assert len(calls(tmp_path)) == 3 * 2
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NOT NULL") == 3 * 12
    assert {row[0] for row in rows(db, "SELECT evidence FROM verdict")} == {"looked at"}
    check_books(db)


def test_a_text_that_hangs_costs_its_own_verdict_alone(tmp_path):
    vendor = openai_vendor(answer=lambda prompt, index: "hang" if "1 + 1" in prompt and index == 0 else "0")
    db = tmp_path / "l.db"
    with serving(vendor):
        path = sweep(vendor, tmp_path, timeout_s=1).write(tmp_path)
        ended = run(path, db)
        assert ended.status == 0
        undecided = one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL")
        assert 1 <= undecided < 6
        assert any("could not be judged: no verdict within 1 s" in line for line in ended.result.warnings)
        asked = len(calls(tmp_path))
        assert run(path, db).status == 0
    assert len(calls(tmp_path)) == asked, "a run does not wait for it again"
    with executor_of(tmp_path, timeout_s=1) as executor, acquire(db) as lock:
        done = verify_ledger(lock, executor, which="open")
    assert done.reasons == {"no verdict within 1 s": undecided}
    assert calls(tmp_path)[asked:] == ["p1 hang"]


def test_what_the_verifier_lacks_is_said_before_a_cent_is_spent(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "l.db"
    with serving(vendor):
        path = sweep(vendor, tmp_path).write(tmp_path)
        (tmp_path / "own_judge.py").write_text("raise ValueError('not today')")
        with pytest.raises(InputError, match="not today") as refused:
            run(path, db)
    assert "verifier" in refused.value.where
    assert (vendor.seen, db.exists()) == ([], False)


def test_sampling_waits_for_verdicts(tmp_path, monkeypatch):
    monkeypatch.setattr(judge_module, "MOST_WAITING", 8)
    vendor = openai_vendor(answer=texts("sleep 0.03 {index}"))
    with serving(vendor):
        made = sweep(vendor, tmp_path, samples=10, problems=6, workers=1)
        ended = run(made.write(tmp_path), tmp_path / "l.db")
    most = max(progress.unverified for progress in ended.shown)
    most_in_flight, written_meanwhile = 3 * 2, 3 * 2
    assert 4 < most <= 5 + most_in_flight + written_meanwhile
    assert one(tmp_path / "l.db", "SELECT count(*) FROM sample_records WHERE passed IS NOT NULL") == 60


@pytest.fixture
def mark(monkeypatch) -> str:
    value = f"mark-{uuid4().hex}"
    monkeypatch.setenv("MANYFEW_TEST_MARK", value)
    return value


@needs_proc
def test_ctrl_c_twice_leaves_whatever_hangs(tmp_path, mark):
    vendor = openai_vendor(answer=texts("hang {index}"))
    db = tmp_path / "l.db"
    with serving(vendor):
        process = start(sweep(vendor, tmp_path, timeout_s=600).write(tmp_path), db)
        until(lambda: len(calls(tmp_path)) >= 2)
        interrupt_twice(process)
        assert finish(process, 10).status == 130  # of a grace of thirty
    assert gone(mark)
    check_books(db)


@needs_proc
def test_ctrl_c_waits_for_verdicts_no_longer_than_the_grace(tmp_path, mark):
    vendor = openai_vendor(answer=texts("sleep 30 {index}"))
    db = tmp_path / "l.db"
    with serving(vendor):
        made = sweep(vendor, tmp_path, timeout_s=600, samples=2, problems=2)
        process = start(made.write(tmp_path), db, "--grace", "1s")
        until(lambda: len(calls(tmp_path)) >= 2)
        os.kill(process.pid, signal.SIGINT)
        began = time.monotonic()
        assert finish(process).status == 130
    assert time.monotonic() - began < 20  # of thirty
    assert gone(mark)
    assert one(db, "SELECT count(*) FROM sample WHERE verifier IS NULL") == 4
    assert money(db).reserved == 0


@needs_proc
def test_a_killed_run_leaves_no_worker_and_the_next_one_judges_the_rest(tmp_path, mark):
    vendor = openai_vendor(answer=texts("sleep 0.15 {index}"))
    db = tmp_path / "l.db"
    with serving(vendor):
        made = sweep(vendor, tmp_path, workers=2).write(tmp_path)
        process = start(made, db)
        until(lambda: len(calls(tmp_path)) >= 4)
        process.kill()
        process.communicate()
        assert gone(mark)
        before = Counter(calls(tmp_path))
        assert finish(start(made, db)).status == 0
    assert gone(mark)
    after = Counter(calls(tmp_path))
    again = [case for case in before if after[case] > before[case]]
    assert len(again) <= 4, "only what was being judged, or was not yet written, is judged again"
    assert one(db, "SELECT count(*) FROM sample WHERE verifier IS NULL") == 0
    check_books(db)


class Layers:
    """A verifier of whole batches, as the SWE-bench harness is one."""

    OPTIONS: ClassVar[tuple[str, ...]] = ()
    kind = "layers"
    version = "1"
    isolation: Isolation = "batch"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def lacks(self) -> None:
        return None

    def close(self) -> None:
        pass

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        return self.verify_many([(text, problem)])[0]

    def verify_many(self, items: Sequence[tuple[str, Mapping[str, Any]]], /) -> list[Verdict]:
        self.asked.append([text for text, _ in items])
        return [
            Verdict(
                passed=None if text == "1" else text == problem["answer"], reason="no docker" * (text == "1")
            )
            for text, problem in items
        ]


def test_whole_batches_are_judged_by_verify_alone(tmp_path):
    vendor = openai_vendor(answer=lambda prompt, index: str(index))
    db, layers = tmp_path / "l.db", Layers()
    executor = LocalExecutor(layers, {}, Bounds())
    with serving(vendor):
        loaded = load(SweepFile({"m": model(vendor, max_n=4)}, problems=2, samples=4).write(tmp_path))
        prepared = prepare(loaded)
        prepared.executor = executor
        with Signals() as signals:
            options = Options(db=db, budget_pico=10 * USD, signals=signals)
            result = run_sweep(prepared, options, lambda _: None)
    assert (result.status, layers.asked) == ("complete", [])
    ending = Ending(status="complete", reason=None, warnings=[], db=db, sweep=tmp_path / "s.toml")
    assert next_commands(result.progress, ending) == [f"manyfew verify {db}"]
    with acquire(db) as lock:
        done = verify_ledger(lock, executor, which="open")
        again = verify_ledger(lock, executor, which="open")
    assert (done.judged, done.passed, done.failed, done.undecided) == (8, 2, 4, 2)
    assert sorted(layers.asked[0]) == sorted("01230123")
    assert (again.undecided, layers.asked[1:]) == (2, [["1", "1"]])
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") == 2
    check_books(db)


def test_until_solved_needs_verdicts_while_it_samples(tmp_path, monkeypatch):
    from verifiers import numeric

    monkeypatch.setattr(numeric.Numeric, "isolation", "batch")
    vendor = openai_vendor()
    with serving(vendor):
        made = SweepFile({"m": model(vendor, mode="until_solved")}, problems=1)
        with pytest.raises(InputError, match="until_solved needs verdicts"):
            prepare(load(made.write(tmp_path)))
