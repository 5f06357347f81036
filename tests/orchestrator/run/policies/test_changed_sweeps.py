"""Problems, models and money that come between runs, under a policy."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.ledger.reading.money.status import KEPT_TO_MEASURE, read_status
from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, counts, rows
from tests.orchestrator.run.policies.answers import solves, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, PRICES, USD, run


def test_what_is_measured_later_never_exceeds_the_samples(tmp_path):
    """Nothing is solvable: all samples are drawn, but those that are kept for a raised budget, which measures them."""
    cheap, expensive = openai_vendor(answer=solves(0), prices=CHEAP_PRICES), openai_vendor(answer=solves(0))
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve", measure=0.1)
        sweep.problems, sweep.samples, sweep.budget_usd = 6, 5, 0.025
        path = sweep.write(tmp_path)
        ended = run(path, db)
        assert (ended.status, ended.result.reason) == (0, KEPT_TO_MEASURE)
        status = read_status(db)
        assert (status["status"], status["samples"]["planned"]) == ("complete", status["samples"]["done"])
        assert {4, 5} == set(counts(db, "cheap").values())
        assert run(path, db, budget="0.9").status == 0
    check_books(db)
    for alias in ("cheap", "expensive"):
        assert set(counts(db, alias).values()) == {5}


@pytest.mark.parametrize("kind", ["cascade", "solve"])
def test_what_a_removed_model_solved_stays_solved(tmp_path, kind):
    """It is bought no second time, and neither planned nor predicted as unsolved."""
    cheap = openai_vendor(answer=solves(9), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(12), prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind=kind, **({"order": ["cheap"]} if kind == "cascade" else {}))
        other = {"expensive": sweep.models.pop("expensive")}
        assert run(sweep.write(tmp_path), db).status == 0
        sweep.models = other
        sweep.policy |= {"order": ["expensive"]} if kind == "cascade" else {}
        path = sweep.write(tmp_path)
        plan = plan_sweep(prepare(load(path)), db)
        assert run(path, db).status == 0
    assert sum(m.samples for m in plan.models) == 3 * 4
    assert set(counts(db, "expensive")) == {"p9", "p10", "p11"}
    check_books(db)
    check_bill(db, {"cheap": cheap, "expensive": expensive}, 10 * USD)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cascade", "solve"])
def test_problems_and_models_are_added_between_runs(tmp_path, kind):
    """What is solved is asked no more; what isn't, and what is new, gets what the policy gives it from here on."""
    cheap = openai_vendor(answer=solves(4), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(9), prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind=kind, **({"measure": 0.1} if kind == "solve" else {}))
        added = {"expensive": sweep.models.pop("expensive")}
        sweep.policy |= {"order": ["cheap"]} if kind == "cascade" else {}
        sweep.problems = 8
        assert run(sweep.write(tmp_path), db).status == 0
        assert read_status(db)["solved_by_any"] == 4
        before = counts(db, "cheap")
        sweep.problems, sweep.models = 12, sweep.models | added
        sweep.policy |= {"order": ["cheap", "expensive"]} if kind == "cascade" else {}
        assert run(sweep.write(tmp_path), db).status == 0
        seen = len(cheap.seen) + len(expensive.seen)
        assert run(sweep.write(tmp_path), db).status == 0
        assert len(cheap.seen) + len(expensive.seen) == seen
    check_books(db)
    check_bill(db, {"cheap": cheap, "expensive": expensive}, 10 * USD)
    assert read_status(db)["solved_by_any"] == 9
    now, other = counts(db, "cheap"), counts(db, "expensive")
    assert {key: now[key] for key in before} == before
    if kind == "cascade":
        assert now == {f"p{i}": 1 if i < 4 else 4 for i in range(12)}
        assert other == {f"p{i}": 1 if i < 9 else 4 for i in range(4, 12)}
        return
    measured = Counter(
        (row[0], row[1])
        for row in rows(db, "SELECT model, problem FROM sample_records WHERE stop_rule = 'none'")
    )
    assert measured == Counter({(alias, f"p{i}"): 1 for alias in ("cheap", "expensive") for i in range(12)})
    assert all(3 <= of[f"p{i}"] <= 4 for of in (now, other) for i in (9, 10, 11))
