"""`plan`, the run's summary and screen, `status` and `watch` tell the same of what a policy still asks for."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from orchestrator.ledger.reading.money.status import read_status
from orchestrator.ledger.reading.money.watch import Watched
from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.policies.answers import solves, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, model, run


def planned(path, db, budget):
    """By alias, as `plan` says: samples there and still to be asked."""
    prepared = prepare(load(path, budget=budget))
    try:
        return {m.alias: m.done + m.samples for m in plan_sweep(prepared, db).models}
    finally:
        prepared.executor.close()


def read(db):
    """The same as `status` and `watch` read it."""
    status = {alias: m["samples_planned"] for alias, m in read_status(db)["models"].items()}
    assert {m.alias: m.planned for m in Watched(db).read().models} == status
    return status


@pytest.mark.parametrize(
    "policy", [{"kind": "solve", "measure": 0.3}, {"kind": "narrow", "pair": ["cheap", "expensive"]}]
)
def test_all_tell_the_same_of_what_is_planned(tmp_path, policy):
    """Samples that are kept for what a higher budget measures, or of a model that isn't compared, aren't planned."""
    cheap, expensive = openai_vendor(answer=solves(5), prices=CHEAP_PRICES), openai_vendor(answer=solves(7))
    db, seen = tmp_path / "test.db", set[int]()
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, **policy)
        sweep.samples = 9
        if policy["kind"] == "narrow":
            sweep.models["third"] = model(cheap, max_n=1)
        path = sweep.write(tmp_path)
        for budget in ("0.008", "0.012", "0.5"):
            ended = run(path, db, budget=budget)
            last = {m.alias: m.planned for m in ended.result.progress.models}
            assert read(db) == last
            assert {m.alias: m.planned for m in ended.shown[-1].models} == last
            assert planned(path, db, budget) == last
            seen.add(sum(last.values()))
    assert ended.status == 0
    assert len(seen) == (1 if policy["kind"] == "narrow" else 3)


def test_verdicts_that_changed_since_are_counted_anew(tmp_path):
    """What the run said holds only of the verdicts that it went by."""
    cheap, expensive = openai_vendor(answer=solves(12), prices=CHEAP_PRICES), openai_vendor()
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        assert run(two(cheap, expensive, kind="solve").write(tmp_path), db).status == 0
    assert read(db) == {"cheap": 12, "expensive": 0}
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE sample SET passed = 0 WHERE problem_id = 3")
    assert read(db) == {"cheap": 12 + 3, "expensive": 4}
