"""SIGKILL at random instants while verdicts steer: what they say is read from the ledger, so that nothing is lost,
doubled or bought again, and what is measured stays as it was set down.

MANYFEW_KILLS says how many kills of each policy (5; 30 in CI), MANYFEW_KILL_SEED which instants."""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.ledger.reading.money.status import read_status
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, counts, one, rows
from tests.orchestrator.run.kills.test_kill import (
    check_bought,
    check_leftovers,
    check_nothing_lost,
    kill_once,
)
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, PRICES, USD, SweepFile, finish, model, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("MANYFEW_KILLS", "5"))
SEED = int(os.environ.get("MANYFEW_KILL_SEED", "0")) or random.randrange(1, 10**6)
BUDGET = 10 * USD
PROBLEMS = 20
SAMPLES = 20 + 8 * KILLS
MEASURE = 0.1
QUESTIONS = {f"What is {i} + {i}?": i for i in range(PROBLEMS)}


def rate(share: float, salt: str) -> Callable[[str, int], str]:
    """Each sample right with that probability on the easier half of the problems, never on the others."""

    def answer(prompt: str, index: int) -> str:
        i = next(i for question, i in QUESTIONS.items() if question in prompt)
        drawn = hashlib.sha256(f"{salt} {i} {index}".encode()).digest()[0] / 256
        return f"No. {index}. #### {2 * i if i % 2 and drawn < share else -1}"

    return answer


@pytest.mark.timeout(120 + 10 * KILLS)
@pytest.mark.parametrize(
    "policy", [{"kind": "cascade", "order": ["cheap", "expensive"]}, {"kind": "solve", "measure": MEASURE}]
)
def test_killed_while_verdicts_steer(tmp_path: Path, policy: dict[str, Any]) -> None:
    """The seed of the instants is in the failure."""
    try:
        kill_loop(tmp_path, policy)
    except AssertionError as error:
        raise AssertionError(f"MANYFEW_KILL_SEED={SEED}: {error}") from error


def kill_loop(folder: Path, policy: dict[str, Any]) -> None:
    instants = random.Random(SEED)
    cheap = openai_vendor(prices=CHEAP_PRICES, answer=rate(0.05, f"{SEED} a"), latency=0.03, seed=SEED)
    expensive = openai_vendor(prices=PRICES, answer=rate(0.1, f"{SEED} b"), latency=0.03, seed=SEED + 1)
    vendors = {"cheap": cheap, "expensive": expensive}
    for vendor in vendors.values():
        vendor.fault_rates = {faults.RESET_BILLED: 0.01, faults.RATE_LIMITED: 0.005}
    db = folder / "test.db"
    with serving(*vendors.values()):
        keys = {"max_n": 1, "limits": {"concurrency": 4}}
        path = SweepFile(
            {alias: model(vendor, **keys) for alias, vendor in vendors.items()},
            problems=PROBLEMS,
            samples=SAMPLES,
            budget_usd=BUDGET // USD,
            policy=policy,
        ).write(folder)
        killed, leftovers = 0, 0
        recorded: dict[tuple[str, str, int], str] = {}
        for _ in range(KILLS):
            killed += kill_once(path, db, vendors, instants)
            if db.exists():
                recorded = check_nothing_lost(db, recorded)
                leftovers = max(leftovers, check_leftovers(db))
                check_not_asked_again(db)
        for vendor in vendors.values():
            vendor.fault_rates = {}
        assert finish(start(path, db), 120).status == 0
        seen = sum(len(vendor.seen) for vendor in vendors.values())
        assert finish(start(path, db), 60).status == 0
        assert sum(len(vendor.seen) for vendor in vendors.values()) == seen
    assert killed >= max(1, KILLS * 3 // 4), f"only {killed} kills hit a living run"
    assert leftovers > 0, "no kill hit a request in flight"
    check_books(db)
    check_bill(db, vendors, BUDGET)
    check_not_asked_again(db)
    for alias, vendor in vendors.items():
        check_bought(db, alias, vendor)
    check_whole(db, policy)


def check_not_asked_again(db: Path) -> None:
    """A problem that was solved in one run is asked nothing in a later one, but what was set down to be measured."""
    again = rows(
        db,
        "WITH solved AS (SELECT s.problem_id, min(r.run_id) AS run_id FROM sample AS s "
        "JOIN request AS r ON r.id = s.request_id WHERE s.passed = 1 GROUP BY 1) "
        "SELECT s.problem_id, r.run_id, solved.run_id FROM sample AS s JOIN request AS r ON r.id = s.request_id "
        "JOIN solved ON solved.problem_id = s.problem_id "
        "WHERE r.run_id > solved.run_id AND s.stop_rule != 'none'",
    )
    assert not again, f"asked again though solved: {[tuple(row) for row in again]}"


def check_whole(db: Path, policy: dict[str, Any]) -> None:
    """Each problem is solved or got all; each model's measured draws are there once each, whatever was in flight."""
    solved = {row[0] for row in rows(db, "SELECT DISTINCT problem FROM sample_records WHERE passed = 1")}
    assert read_status(db)["solved_by_any"] == len(solved) >= 3
    kept = ceil(policy.get("measure", 0) * SAMPLES)
    for alias in ("cheap", "expensive"):
        there = counts(db, alias)
        unsolved = {key: there[key] for key in (f"p{i}" for i in range(PROBLEMS)) if key not in solved}
        assert all(SAMPLES - kept <= n <= SAMPLES for n in unsolved.values()), (alias, unsolved)
        assert policy["kind"] != "cascade" or set(unsolved.values()) == {SAMPLES}
        measured = Counter(
            row[0]
            for row in rows(
                db,
                "SELECT problem FROM sample_records WHERE model = ? AND stop_rule = 'none'",
                alias,
            )
        )
        assert measured == Counter({f"p{i}": kept for i in range(PROBLEMS)} if kept else {}), (
            alias,
            measured,
        )
    assert one(db, "SELECT count(*) FROM request WHERE state = 'reserved'") == 0
