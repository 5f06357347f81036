"""Everything that can go wrong on the way, at random: money and samples still add up."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.loopback import faults
from tests.loopback.faults import Fault
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, money, one, rows, sample_keys, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, USD, SweepFile, finish, model, run, start

SEEDS = [int(s) for s in os.environ.get("MANYFEW_FAULT_SEEDS", "1").split()]
PROBLEMS, SAMPLES = 10, 6

PASSING = [
    *(faults.RATE_LIMITED, faults.OVERLOADED_529, faults.ERROR_500, faults.ERROR_503),
    *(faults.BARE_500, faults.BARE_503, faults.ERROR_502, faults.ERROR_504, faults.ERROR_408, faults.RESET),
    *(faults.RESET_BILLED, faults.CLOSED, faults.HALF_HEADERS, faults.HALF_BODY, faults.HALF_JSON),
    *(faults.NOT_JSON, faults.SILENCE, Fault("drip", billed=True, value=0.005), faults.NO_USAGE),
    *(faults.WRONG_USAGE, faults.DUPLICATE, faults.SHUFFLED, faults.SURPLUS, faults.MISSING),
]
"""What does not end a model."""


def test_every_fault_at_random(tmp_path):
    """Several seeds at once, each in a process of its own: they wait most of the time."""
    vendors = {
        seed: {
            "cheap": openai_vendor(prices=CHEAP_PRICES, seed=seed, latency=0.003),
            "expensive": openai_vendor(seed=seed + 1000, latency=0.003),
        }
        for seed in SEEDS
    }
    budget = 2 * USD // 10
    with serving(*(v for pair in vendors.values() for v in pair.values())):
        processes = {}
        for seed, pair in vendors.items():
            for vendor in pair.values():
                vendor.fault_rates = dict.fromkeys(PASSING, 0.35 / len(PASSING))
            keys = {"timeout_s": 0.8, "max_n": 4, "limits": {"concurrency": 6}}
            sweep = SweepFile(
                {
                    "cheap": model(pair["cheap"], **keys),
                    "expensive": model(pair["expensive"], samples=2, **keys),
                },
                problems=PROBLEMS,
                samples=SAMPLES,
                budget_usd=0.2,
            )
            processes[seed] = start(sweep.write(tmp_path / str(seed)), tmp_path / str(seed) / "test.db")
        with ExitStack() as watching:
            for seed in SEEDS:
                watching.enter_context(watched(tmp_path / str(seed) / "test.db", budget))
            ended = {seed: finish(process, 100) for seed, process in processes.items()}
    for seed, end in ended.items():
        check(tmp_path / str(seed) / "test.db", vendors[seed], budget, end.status, end.err)


def check(db, vendors, budget, status, err):
    check_books(db)
    check_bill(db, vendors, budget)
    keys = set(sample_keys(db))
    failed = Counter()
    for row in rows(
        db, "SELECT model.alias, sum(n) AS n FROM failure JOIN model ON model.id = model_id GROUP BY 1"
    ):
        failed[row["alias"]] = row["n"]
    for alias, wanted in (("cheap", PROBLEMS * SAMPLES), ("expensive", PROBLEMS * 2)):
        assert sum(key[0] == alias for key in keys) + failed[alias] == wanted, (alias, failed, err)
    assert status == (1 if failed else 0), err
    for alias, vendor in vendors.items():
        where = "FROM request JOIN model ON model.id = model_id WHERE alias = ?"
        asked = one(db, f"SELECT count(*) {where}", alias)
        assert len(vendor.seen) == asked, "one HTTP attempt, one row"
    assert one(db, "SELECT count(*) FROM request WHERE attempt > 1") > 0
    assert money(db).presumed > 0
    assert one(db, "SELECT count(*) FROM request WHERE error = 'Lost'") > 0


STOPPING = {
    "no credit": faults.NO_CREDIT,
    "bad key": faults.BAD_KEY,
    "too much output": faults.TOO_MUCH_OUTPUT,
}


@pytest.mark.parametrize("name", STOPPING)
def test_what_no_wait_mends_stops_the_model_at_once(tmp_path, name):
    """The other model goes on to its end."""
    bad, good = openai_vendor(), openai_vendor(prices=CHEAP_PRICES)
    bad.fault_rates = {STOPPING[name]: 1.0}
    db = tmp_path / "test.db"
    with serving(bad, good):
        keys = {"limits": {"concurrency": 2}, "max_n": 2}
        path = SweepFile({"bad": model(bad, **keys), "good": model(good, **keys)}, problems=20).write(
            tmp_path
        )
        ended = run(path, db)
    assert (ended.status, ended.result.status) == (4, "provider")
    assert len(bad.seen) <= 4
    check_books(db)
    assert money(db, "good").settled == good.billed_pico
    assert sum(k[0] == "good" for k in sample_keys(db)) == 80
    assert money(db, "bad").settled == bad.billed_pico, "over its bound or not, it is booked in full"
    stopped = one(db, "SELECT stopped FROM model WHERE alias = 'bad'")
    assert stopped
    assert stopped in (ended.result.reason or "")


def test_a_refused_prompt_fails_alone(tmp_path):
    vendor = openai_vendor(context=200)
    problems = [
        {"id": f"p{i}", "question": "long " * (300 if i == 3 else 1), "answer": "4"} for i in range(8)
    ]
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor, max_n=2)}, problems=problems).write(tmp_path), db)
    assert (ended.status, ended.result.status) == (1, "incomplete")
    check_books(db)
    assert len(sample_keys(db)) == 7 * 4
    assert one(db, "SELECT sum(n) FROM failure") == 4
    assert money(db).settled == vendor.billed_pico
    assert money(db).presumed == 0


def test_a_wait_above_max_wait_s_parks_the_model(tmp_path):
    """Retry-After of a day: nothing fails for good, the model stops, the samples are still to be asked."""
    vendor = openai_vendor()
    vendor.fault_rates = {Fault("429", value="86400"): 1.0}
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor)}).write(tmp_path), db)
        assert ended.status == 4
        assert one(db, "SELECT count(*) FROM failure") == 0
        assert ended.result.reason is not None
        assert "max_wait_s" in ended.result.reason
        vendor.fault_rates = {}
        assert run(tmp_path / "sweep.toml", db).status == 0
    check_books(db)


def test_usage_that_is_missing_is_presumed_and_the_samples_are_kept(tmp_path):
    vendor = openai_vendor()
    vendor.fault_rates = {faults.NO_USAGE: 1.0}
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor)}).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert len(sample_keys(db)) == 40
    assert money(db).settled == 0
    assert money(db).presumed >= vendor.billed_pico > 0
    warning = next(line for line in ended.result.warnings if "without usage" in line)
    assert "10 times" in warning


def test_replies_above_their_input_bound_are_booked_in_full_and_raise_the_bound(tmp_path):
    """A vendor that counts more input than bytes and overhead: later reservations cover it, also in the next run."""
    vendor = openai_vendor()
    vendor._prompt_tokens = lambda asked: 1500
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, limits={"concurrency": 1})}, problems=6)
        ended = run(sweep.write(tmp_path), db)
        assert ended.status == 0
        first, *later = [
            r[0] for r in rows(db, "SELECT reserved_pico - settled_pico FROM request ORDER BY id")
        ]
        assert first < 0
        assert all(spare >= 0 for spare in later)
        assert any("more input than its bound" in w for w in ended.result.warnings)
        sweep.problems = 8
        assert run(sweep.write(tmp_path), db).status == 0
        spare = [r[0] for r in rows(db, "SELECT reserved_pico - settled_pico FROM request ORDER BY id")]
        assert all(s >= 0 for s in spare[1:])
    check_books(db)
    assert money(db).settled == vendor.billed_pico
