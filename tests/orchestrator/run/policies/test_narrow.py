"""[policy] kind = "narrow": the next samples go where they narrow a comparison most."""

from __future__ import annotations

import hashlib

import pytest

from orchestrator.analysis.whole_document import frontier_documents
from orchestrator.ledger.reading.money.status import read_status
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, counts, one, rows
from tests.orchestrator.run.policies.answers import HALF_PRICES, number, rate, solves, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, PRICES, USD, SweepFile, model, run


def mixed(prompt: str, index: int) -> str:
    """Half of the problems are hopeless, half uncertain."""
    i = number(prompt)
    drawn = hashlib.sha256(f"{i} {index}".encode()).digest()[0] / 256
    return f"#### {2 * i}" if i % 2 and drawn < 0.5 else f"#### -{index + 1}"


def narrowing(cheap, expensive, **policy):
    sweep = two(cheap, expensive, kind="narrow", **policy)
    sweep.problems, sweep.samples, sweep.budget_usd = 24, 60, 0.03
    return sweep


def by_rule(db, alias):
    found = rows(
        db, "SELECT stop_rule, count(*) FROM sample_records WHERE model = ? GROUP BY stop_rule", alias
    )
    return {str(row[0]): int(row[1]) for row in found}


@pytest.mark.slow
def test_narrow_spends_where_the_comparison_is_uncertain(tmp_path):
    cheap = openai_vendor(answer=mixed, prices=HALF_PRICES)
    expensive = openai_vendor(answer=mixed, prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = narrowing(cheap, expensive, pair=["cheap", "expensive"])
        sweep.models["cheap"]["price"] = {key: float(value) for key, value in HALF_PRICES.items()}
        path = sweep.write(tmp_path)
        assert run(path, db).status == 3
        check_bill(db, {"cheap": cheap, "expensive": expensive}, 3 * USD // 100)
        before = sum(counts(db, "expensive").values())
        assert run(path, db, budget="0.06").status == 3
        check_bill(db, {"cheap": cheap, "expensive": expensive}, 6 * USD // 100)
        assert sum(counts(db, "expensive").values()) > before
    check_books(db)
    spent = one(db, "SELECT sum(settled_usd) FROM spend")
    assert spent > 0.9 * 0.06
    hard = {f"p{i}" for i in range(0, 24, 2)}
    asked = counts(db, "expensive")
    assert sum(n for p, n in asked.items() if p not in hard) > sum(n for p, n in asked.items() if p in hard)
    rules = by_rule(db, "expensive")
    assert set(rules) == {"none", "narrow"}
    assert rules["none"] > 3 * rules["narrow"]
    document = frontier_documents([db], "usd").whole
    model_ = document["models"]["expensive"]
    assert (model_["problems"], model_["samples"]) == (24, rules["none"])
    assert model_["extrapolation"] is None
    assert any("guides" in text for text in document["warnings"])
    both = one(
        db,
        "SELECT count(*) FROM (SELECT problem FROM sample_records WHERE stop_rule = 'none' "
        "GROUP BY problem HAVING count(DISTINCT model) = 2)",
    )
    assert {row["problems"] for row in document["comparisons"]} == {both}
    assert both > 20
    assert document["about"]["policy"] == "narrow"


def test_narrow_ends_when_all_samples_are_there(tmp_path):
    cheap = openai_vendor(answer=mixed, prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=mixed, prices=PRICES)
    other = openai_vendor(answer=mixed, prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive, other):
        sweep = narrowing(cheap, expensive, pair=["expensive", "cheap"], parts=2)
        sweep.models["other"] = model(other, max_n=1)
        sweep.problems, sweep.samples, sweep.budget_usd = 6, 5, 1
        path = sweep.write(tmp_path)
        assert run(path, db).status == 0
        seen = len(cheap.seen) + len(expensive.seen) + len(other.seen)
        assert run(path, db).status == 0
        assert len(cheap.seen) + len(expensive.seen) + len(other.seen) == seen
    assert set(counts(db, "cheap").values()) == set(counts(db, "expensive").values()) == {5}
    assert set(counts(db, "other").values()) == {1}
    status = read_status(db)
    assert status["status"] == "complete"
    assert status["samples"]["planned"] == status["samples"]["done"] == 6 * 11


@pytest.mark.slow
def test_narrow_turns_to_another_pair_where_the_least_sure_one_is_whole(tmp_path):
    models = {f"m{i}": openai_vendor(answer=solves(0), prices=PRICES) for i in range(4)}
    with serving(*models.values()):
        sweep = SweepFile(
            {alias: model(vendor, max_n=1) for alias, vendor in models.items()},
            problems=1,
            samples=8,
            policy={"kind": "narrow"},
        )
        ended = run(sweep.write(tmp_path), tmp_path / "test.db")
    assert (ended.status, ended.result.reason) == (0, None)
    assert {alias: counts(tmp_path / "test.db", alias)["p0"] for alias in models} == dict.fromkeys(models, 8)


def test_narrow_says_that_the_rest_buys_nothing_though_a_cheap_sample_fits(tmp_path):
    cheap = openai_vendor(answer=rate(0.2), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=rate(0.6), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="narrow")
        sweep.budget_usd = 0.0007
        db = tmp_path / "test.db"
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 3
    check_bill(db, {"cheap": cheap, "expensive": expensive}, 7 * USD // 10_000)
    assert ended.result.reason == "the rest of the budget, $0.0007, buys nothing that narrows the comparison"
    assert not cheap.seen
