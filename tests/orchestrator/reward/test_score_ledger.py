"""Scores by a reward model: asked once, booked like any request, kept beside the verdict."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.file.lock import acquire
from orchestrator.reward.reward_model import scorer
from orchestrator.reward.score_ledger import Scored, score_ledger
from orchestrator.sending.signals import Signals
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.score_wire import ScoreVendor, default_score, score_vendor
from tests.orchestrator.run.books import check_books, money, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import ROOT, USD, SweepFile, model, questions, run

PROBLEMS, SAMPLES, TEXTS = 3, 6, 4
"""Each problem's samples are of four distinct texts."""
BUDGET = 10 * USD


@pytest.fixture(scope="module")
def sampled(tmp_path_factory) -> Path:
    """A ledger that a run made."""
    vendor = openai_vendor(answer=lambda _, i: f"answer {i % TEXTS}: #### {i % 2}")
    folder = tmp_path_factory.mktemp("sampled")
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=PROBLEMS, samples=SAMPLES)
        assert run(sweep.write(folder), folder / "l.db").status == 0
    return folder / "l.db"


@pytest.fixture
def db(sampled, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(sampled, tmp_path / "l.db"))


def ask(db: Path, *vendors: ScoreVendor, budget: int = BUDGET, grace_s: float = 5, **options: Any) -> Scored:
    if "gpu_usd_per_hour" not in options:
        options["price"] = {"input": float(vendors[0].prices["input"])}
    stated = {"model": "rm", "servers": [vendor.base_url for vendor in vendors]} | options
    with acquire(db) as lock, Signals(grace_s=grace_s) as signals:
        return score_ledger(lock, scorer(stated), budget, signals=signals)


def scores(db: Path) -> dict[tuple[str, int], float | None]:
    found = rows(db, "SELECT problem, sample_index, score FROM sample_records WHERE model = 'm'")
    return {(row["problem"], row["sample_index"]): row["score"] for row in found}


def right(db: Path) -> dict[tuple[str, int], float]:
    asked = {problem["id"]: problem["question"] for problem in questions(PROBLEMS)}
    found = rows(db, "SELECT problem, sample_index, text FROM sample_records WHERE model = 'm'")
    return {(r["problem"], r["sample_index"]): default_score(asked[r["problem"]], r["text"]) for r in found}


@pytest.mark.parametrize("wire", ["score", "classify", "pooling"])
def test_every_distinct_text_is_scored_once_and_the_verdicts_stay(db, wire):
    before = rows(db, "SELECT passed, answer, verifier FROM sample ORDER BY id")
    vendor = score_vendor()
    with serving(vendor):
        done = ask(db, vendor, wire=wire, max_n=3)
    assert (done.status, done.scored, done.failed, done.lacking) == ("complete", PROBLEMS * TEXTS, 0, 0)
    assert scores(db) == right(db)
    assert [tuple(row) for row in rows(db, "SELECT passed, answer, verifier FROM sample ORDER BY id")] == [
        tuple(row) for row in before
    ]
    asked = [pair for seen in vendor.seen for pair in vendor.answer_pairs(seen.body)]
    assert len(asked) == len(set(asked)) == PROBLEMS * TEXTS
    assert {seen.path for seen in vendor.seen} == {f"/{wire}"}
    assert money(db, "reward").settled == vendor.billed_pico == done.settled_pico > 0
    assert one(db, "SELECT status FROM run ORDER BY id DESC LIMIT 1") == "complete"
    check_books(db)


def test_asked_again_it_costs_nothing_and_mends_what_was_overwritten(db):
    vendor = score_vendor()
    with serving(vendor):
        ask(db, vendor)
        asked = len(vendor.seen)
        with sqlite3.connect(db) as connection:
            connection.execute("UPDATE sample SET score = NULL WHERE sample_index < 3")
        connection.close()
        done = ask(db, vendor)
    assert (done.status, done.scored, len(vendor.seen)) == ("complete", 0, asked)
    assert scores(db) == right(db)


def test_new_samples_alone_are_asked_for(db, tmp_path):
    vendor, more = score_vendor(), openai_vendor(answer=lambda _, i: f"more {i}: #### 1")
    with serving(vendor, more):
        ask(db, vendor)
        first = len(vendor.billed)
        sweep = SweepFile({"m": model(more), "n": model(more)}, problems=PROBLEMS, samples=SAMPLES)
        keys = sweep.models["m"] | {"base_url": "http://127.0.0.1:9/v1"}
        sweep.models["m"] = keys
        assert run(sweep.write(tmp_path), db).status == 0
        done = ask(db, vendor)
    assert done.scored == PROBLEMS * SAMPLES
    assert len(vendor.billed) > first
    assert None not in {row[0] for row in rows(db, "SELECT score FROM sample")}
    check_books(db)


def test_the_budget_counts_all_that_the_ledger_spent(db):
    spent = money(db).held
    vendor = score_vendor(prices={"input": "100", "output": "0"})
    vendor._prompt_tokens = lambda asked: 500 * asked.n
    with serving(vendor):
        done = ask(db, vendor, budget=spent - 1)
        assert (done.status, vendor.seen) == ("budget", [])
        assert "exceeded already" in str(done.reason)
        done = ask(db, vendor, budget=spent + USD // 4, max_n=8, prompt_overhead_tokens=512)
        assert done.status == "budget"
        assert 0 < done.scored < PROBLEMS * TEXTS
        assert done.lacking > 0
        assert spent + vendor.billed_pico == money(db).held <= spent + USD // 4
        assert money(db).reserved == 0
        done = ask(db, vendor, budget=BUDGET)
    assert done.status == "complete"
    assert scores(db) == right(db)
    check_books(db)


@pytest.mark.parametrize(
    ("fault", "presumed"),
    [
        (faults.RESET_BILLED, True),
        (faults.HALF_BODY, True),
        (faults.NO_USAGE, True),
        (faults.WRONG_USAGE, True),
        (faults.NOT_JSON, True),
        (faults.BARE_503, True),
        (faults.ERROR_503, False),
        (faults.RATE_LIMITED, False),
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_faults(db, fault, presumed):
    vendor = score_vendor(faults=[fault])
    with serving(vendor):
        done = ask(db, vendor)
    assert done.status == "complete"
    assert scores(db) == right(db)
    assert (done.presumed_pico > 0) == presumed
    assert vendor.billed_pico <= money(db, "reward").held
    check_books(db)


def test_a_score_that_is_no_number_is_none(db):
    vendor = score_vendor()
    vendor.scores = lambda q, a: float("nan") if a.startswith("answer 3") else default_score(q, a)
    with serving(vendor):
        done = ask(db, vendor)
    assert (done.status, done.scored, done.failed) == ("incomplete", PROBLEMS * (TEXTS - 1), PROBLEMS)
    assert {key for key, score in scores(db).items() if score is None} == {
        (f"p{i}", 3) for i in range(PROBLEMS)
    }


def test_a_score_that_is_missing_fails_alone_and_is_asked_again(db):
    vendor = score_vendor(faults=[faults.MISSING])
    with serving(vendor):
        done = ask(db, vendor, concurrency=1)
        assert (done.status, done.failed) == ("incomplete", 1)
        assert done.lacking in (1, 2)
        assert ask(db, vendor).status == "complete"
    assert scores(db) == right(db)
    check_books(db)


def test_one_text_that_is_too_long_does_not_spoil_its_request(tmp_path):
    long = "word " * 300
    made = openai_vendor(answer=lambda _, i: long if i == 1 else f"answer {i}")
    path, vendor = tmp_path / "l.db", score_vendor(context=200)
    with serving(made, vendor):
        sweep = SweepFile({"m": model(made)}, problems=1, samples=4, max_tokens=1000)
        assert run(sweep.write(tmp_path), path).status == 0
        done = ask(path, vendor)
    assert (done.status, done.scored, done.failed) == ("incomplete", 3, 1)
    assert "context length" in str(done.reason)
    check_books(path)


def test_more_output_than_asked_stops_it(db):
    vendor = score_vendor()
    vendor.output_tokens = 1
    with serving(vendor):
        assert ask(db, vendor, concurrency=1).status == "provider"
        assert len(vendor.seen) == 1
    check_books(db)


def test_input_above_its_bound_is_booked_in_full_and_raises_the_bound(db):
    vendor = score_vendor()
    vendor._prompt_tokens = lambda asked: 700 * asked.n
    with serving(vendor):
        done = ask(db, vendor, concurrency=1, max_n=2, prompt_overhead_tokens=10)
    assert done.status == "complete"
    assert money(db, "reward").settled == vendor.billed_pico
    assert one(db, "SELECT overhead_tokens FROM model WHERE alias = 'reward'") > 600


def test_a_bad_key_and_a_dead_server_end_it(db, monkeypatch):
    monkeypatch.setenv("RM_KEY", "wrong")
    vendor = score_vendor(key="right")
    with serving(vendor):
        done = ask(db, vendor, api_key_env="RM_KEY")
        assert done.status == "provider"
        assert "wrong" not in str(done.reason)
    monkeypatch.setattr("orchestrator.scheduler.endpoints.GIVES_UP_S", 0.2)
    done = ask(db, vendor)
    assert done.status == "provider"
    assert vendor.base_url in str(done.reason)
    assert money(db, "reward").held == 0
    check_books(db)


def test_two_servers_share_the_work(db):
    one_, two = score_vendor(latency=0.02), score_vendor(latency=0.02)
    with serving(one_, two):
        assert ask(db, one_, two, max_n=1, concurrency=1).status == "complete"
    assert one_.seen
    assert two.seen
    assert len(one_.seen) + len(two.seen) == PROBLEMS * TEXTS


def test_a_servers_time_is_leased_and_settled(db):
    vendor = score_vendor(latency=0.05)
    with serving(vendor):
        done = ask(db, vendor, gpu_usd_per_hour=36.0, max_n=2)
    assert done.status == "complete"
    assert scores(db) == right(db)
    busy = one(db, "SELECT sum(busy_s) FROM lease")
    assert done.settled_pico == pytest.approx(busy * USD / 100, rel=0.01)
    assert money(db).reserved == 0
    check_books(db)


def test_a_servers_time_that_the_budget_does_not_cover_ends_it(db):
    spent = money(db).held
    vendor = score_vendor(latency=0.05)
    with serving(vendor):
        done = ask(db, vendor, gpu_usd_per_hour=36.0, budget=spent + USD // 10**6)
    assert (done.status, vendor.seen) == ("budget", [])
    check_books(db)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ended_midway_it_goes_on_without_paying_twice(db, how):
    vendor = score_vendor(latency=lambda _: 0.02 if len(vendor.seen) <= 4 else 3)
    with serving(vendor):
        arguments = ["verify", str(db), "--verifier", "reward", "--budget", "10", "--json"]
        for word in (
            'model="rm"',
            f'servers=["{vendor.base_url}"]',
            "price={input=0.1}",
            "max_n=1",
            "concurrency=2",
        ):
            arguments += ["--option", word]
        child = subprocess.Popen(
            [sys.executable, "-m", "manyfew", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        while len(vendor.seen) < 6:
            assert child.poll() is None, child.communicate()
            time.sleep(0.01)
        child.send_signal(how)
        if how == signal.SIGINT:
            time.sleep(0.3)  # two at once are one
            child.send_signal(how)
        child.communicate(timeout=20)
        assert child.returncode == (130 if how == signal.SIGINT else -9)
        kept = len(rows(db, "SELECT 1 FROM verdict WHERE verifier LIKE 'reward/%'"))
        assert kept == 4
        assert how == signal.SIGKILL or money(db, "reward").presumed > 0
        check_books(db, ended=how == signal.SIGINT)
        vendor.latency = 0
        done = ask(db, vendor)
    assert (done.status, done.scored) == ("complete", PROBLEMS * TEXTS - kept)
    assert scores(db) == right(db)
    assert vendor.billed_pico <= money(db, "reward").held
    assert money(db).reserved == 0
    check_books(db)


@pytest.mark.parametrize(
    "wrong",
    [
        {"wire": "rerank"}, {"servers": ["http://h/"]}, {"servers": []}, {"price": {"input": 1, "output": 1}},
        {"price": {"input": -1}}, {"price": {"input": "x"}}, {"gpu_usd_per_hour": 1}, {"max_n": 0},
        {"concurrency": True},
        {"timeout_s": 0}, {"extra": {"model": "y"}}, {"api_key_env": "NO_SUCH_KEY_HERE"}, {"alias": ""},
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(wrong):
    good = {"model": "rm", "servers": ["http://h/v1"], "price": {"input": 1}}
    assert scorer(good).name == "reward/1 score rm"
    with pytest.raises(InputError):
        scorer(good | wrong)


def test_another_model_under_the_same_alias_is_refused(db):
    vendor = score_vendor()
    with serving(vendor):
        ask(db, vendor)
        with pytest.raises(InputError, match="alias"):
            ask(db, vendor, model="other")
        assert ask(db, vendor, model="other", alias="second").scored == PROBLEMS * TEXTS
