"""A kill loop: real processes, SIGKILL at random instants, until the sweep is whole. Nothing recorded is asked again,
nothing is bought that is not accounted for.

MANYFEW_KILLS says how many kills (6 here, 30 in CI, 500 in the long run), MANYFEW_KILL_SEED which.
A kill loses nothing that was written, so a long run is as good, and quicker, with --basetemp on a tmpfs."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter

import pytest

from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import (
    check_bill,
    check_books,
    check_complete,
    counts,
    money,
    one,
    rows,
    sample_keys,
    watched,
)
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, USD, SweepFile, finish, model, start

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("MANYFEW_KILLS", "6"))
SEED = int(os.environ.get("MANYFEW_KILL_SEED", "0")) or random.randrange(1, 10**6)
BUDGET = 100 * USD
LEAST_KILLS = max(1, KILLS * 3 // 4)
PROBLEMS = 8
LOOK_CLOSELY_EVERY = max(1, KILLS // 30)
"""Kills from one full reading of the ledger to the next: what is lost stays lost, or comes back with another text."""


@pytest.mark.timeout(120 + 8 * KILLS)
def test_killed_at_random_instants(tmp_path):
    """The seed of the instants is in the failure."""
    try:
        kill_loop(tmp_path)
    except AssertionError as error:
        raise AssertionError(f"MANYFEW_KILL_SEED={SEED}: {error}") from error


def kill_loop(folder):
    instants = random.Random(SEED)
    cheap = openai_vendor(prices=CHEAP_PRICES, latency=lambda _: instants.uniform(0.005, 0.04), seed=SEED)
    expensive = openai_vendor(latency=0.02, seed=SEED + 1)
    for vendor in (cheap, expensive):
        vendor.fault_rates = {faults.RESET_BILLED: 0.01, faults.RATE_LIMITED: 0.02}
    vendors = {"cheap": cheap, "expensive": expensive}
    db = folder / "test.db"
    # so many samples that a run is killed before it is through
    samples = 12 * KILLS
    with serving(*vendors.values()), watched(db, BUDGET):
        keys = {"max_n": 2, "limits": {"concurrency": 4}}
        path = SweepFile(
            {"cheap": model(cheap, **keys), "expensive": model(expensive, samples=3 * KILLS, **keys)},
            problems=PROBLEMS,
            samples=samples,
            budget_usd=BUDGET / USD,
            name="test",
        ).write(folder)
        killed, leftovers = 0, 0
        recorded: dict[tuple[str, str, int], str] = {}
        for i in range(KILLS):
            killed += kill_once(path, db, vendors, instants)
            if not db.exists() or i % LOOK_CLOSELY_EVERY:
                continue
            recorded = check_nothing_lost(db, recorded)
            leftovers = max(leftovers, check_leftovers(db))
        for vendor in vendors.values():  # each refusal slows what follows, and there may be a lot to follow
            vendor.fault_rates = {faults.RESET_BILLED: 0.01}
        ended = finish(start(path, db), 120 + KILLS)
        assert ended.status == 0, ended.err
    assert killed >= LEAST_KILLS, f"only {killed} kills hit a living run"
    check_nothing_lost(db, recorded)
    check_books(db)
    check_bill(db, vendors, BUDGET)
    check_complete(db, {"cheap": (PROBLEMS, samples), "expensive": (PROBLEMS, 3 * KILLS)})
    assert leftovers > 0, "no kill hit a request in flight"
    assert money(db).presumed > 0
    for alias, vendor in vendors.items():
        check_against_log(db, alias, vendor)
    assert one(db, "SELECT count(*) FROM run WHERE status = 'killed'") >= killed // 2, (
        "the others were killed before they began"
    )


def kill_once(path, db, vendors, instants) -> bool:
    """Starts a run and kills it: from its first moment to some way into sampling."""
    before = sum(len(v.seen) for v in vendors.values())
    process = start(path, db)
    if instants.random() < 0.15:
        time.sleep(instants.uniform(0, 1.0))  # while it starts, reads, begins
    else:
        until = time.monotonic() + 20
        while sum(len(v.seen) for v in vendors.values()) == before and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.005)
        time.sleep(instants.uniform(0, 0.4))
    alive = process.poll() is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    return alive


def check_nothing_lost(db, recorded):
    """What was recorded once is there, unchanged. Gives what is recorded now."""
    now = {
        (r[0], r[1], r[2]): r[3]
        for r in rows(db, "SELECT model, problem, sample_index, text FROM sample_records")
    }
    assert recorded.items() <= now.items()
    return now


def check_leftovers(db) -> int:
    """Right after a kill: what is open is still reserved."""
    check_books(db, ended=False)
    return one(db, "SELECT count(*) FROM request WHERE state = 'reserved'")


def check_against_log(db, alias, vendor):
    """No recorded sample was asked again, by the ledger's own rows and by the vendor's log."""
    asked_after = rows(
        db,
        "SELECT r.id, r.indices, r.problem_id FROM request AS r JOIN model ON model.id = r.model_id WHERE alias = ?",
        alias,
    )
    brought = {
        (r[0], r[1]): r[2]
        for r in rows(
            db,
            "SELECT s.problem_id, s.sample_index, s.request_id FROM sample AS s JOIN model ON model.id = s.model_id "
            "WHERE alias = ?",
            alias,
        )
    }
    for request in asked_after:
        for index in json.loads(request["indices"]):
            assert brought[request["problem_id"], index] >= request["id"], "asked again though recorded"
    check_bought(db, alias, vendor)


def check_bought(db, alias, vendor):
    """What was bought is recorded or presumed, and each request is in the ledger."""
    made = Counter[str]()
    for bill in vendor.billed:
        made[bill.prompt] += bill.samples
    presumed = Counter[str]()
    for row in rows(
        db,
        "SELECT problem.key, sum(n) AS n FROM request JOIN model ON model.id = model_id "
        "JOIN problem ON problem.id = problem_id WHERE alias = ? AND state = 'presumed' GROUP BY 1",
        alias,
    ):
        presumed[row["key"]] = row["n"]
    for key, there in counts(db, alias).items():
        i = key[1:]
        bought = made[f"What is {i} + {i}?"]
        assert there <= bought <= there + presumed[key], (key, there, bought, presumed[key])
    where = "FROM request JOIN model ON model.id = model_id WHERE alias = ?"
    assert len(vendor.seen) <= one(db, f"SELECT count(*) {where}", alias)
    assert len(set(sample_keys(db))) == len(sample_keys(db))
