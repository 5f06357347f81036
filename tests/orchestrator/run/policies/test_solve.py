"""[policy] kind = "solve": the next sample goes where it is expected to solve most per dollar."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.analysis.whole_document import frontier_documents
from orchestrator.ledger.reading.money.status import read_status
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Asked, Said
from tests.orchestrator.run.books import check_bill, check_books, counts, one, rows
from tests.orchestrator.run.policies.answers import Q2, rate, solves, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, PRICES, USD, SweepFile, model, questions, run


def test_solve_spends_where_most_is_solved_a_dollar(tmp_path):
    """The expensive model is no better: hardly anything goes to it."""
    cheap = openai_vendor(answer=rate(0.4), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=rate(0.41), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve")
        sweep.problems, sweep.samples = 60, 40
        db = tmp_path / "test.db"
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    check_bill(db, {"cheap": cheap, "expensive": expensive}, 10 * USD)
    assert read_status(db)["solved_by_any"] == 60
    assert sum(counts(db, "expensive").values()) < 20
    assert sum(counts(db, "cheap").values()) < 60 * 5
    assert {row[0] for row in rows(db, "SELECT DISTINCT stop_rule FROM sample_records")} == {"solve"}


def test_solve_turns_to_the_expensive_model_where_the_cheap_one_fails(tmp_path):
    cheap = openai_vendor(answer=solves(30), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(60), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve")
        sweep.problems, sweep.samples = 60, 200
        db = tmp_path / "test.db"
        assert run(sweep.write(tmp_path), db).status == 0
    assert read_status(db)["solved_by_any"] == 60
    assert 30 <= sum(counts(db, "expensive").values()) < 60


def test_solve_sends_no_more_ahead_than_is_likely_to_be_needed(tmp_path):
    """64 requests may be on their way, and there are ten problems."""
    cheap = openai_vendor(answer=solves(10), prices=CHEAP_PRICES, latency=0.05)
    expensive = openai_vendor(answer=solves(10), prices=PRICES, latency=0.05)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve")
        sweep.problems, sweep.samples = 10, 40
        sweep.models["cheap"]["limits"] = sweep.models["expensive"]["limits"] = {"concurrency": 64}
        db = tmp_path / "test.db"
        assert run(sweep.write(tmp_path), db).status == 0
    assert read_status(db)["solved_by_any"] == 10
    assert counts(db, "cheap") == {f"p{i}": 1 for i in range(10)}
    assert not expensive.seen


def test_solve_packs_samples_of_hard_problems_with_a_long_prompt(tmp_path):
    vendor = openai_vendor(answer=rate(0.02), prices=CHEAP_PRICES)
    db = tmp_path / "test.db"
    with serving(vendor):
        problems = [
            {**problem, "question": "Think. " * 500 + problem["question"]} for problem in questions(20)
        ]
        sweep = SweepFile(
            {"m": model(vendor, max_n=8)}, problems=problems, samples=64, policy={"kind": "solve"}
        )
        assert run(sweep.write(tmp_path), db).status == 0
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
    carried = Counter(asked.body.get("n", 1) for asked in vendor.seen)
    assert carried[8] > 20
    solved = read_status(db)["solved_by_any"]
    assert sum(n == 64 for n in counts(db, "m").values()) >= 20 - solved


@pytest.mark.slow
def test_solve_looks_at_what_earlier_runs_learnt_before_it_buys(tmp_path):
    """The cheap model solves nothing, which the ledger says: the next run doesn't try it first, as one that knows
    nothing would."""
    cheap = openai_vendor(answer=solves(0), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(60), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve")
        sweep.problems, sweep.samples, sweep.budget_usd = 60, 40, 0.008
        db = tmp_path / "test.db"
        assert run(sweep.write(tmp_path), db).status == 3
        asked, bought = len(cheap.seen), len(expensive.seen)
        assert 0 < bought < 50
        assert run(sweep.write(tmp_path), db, budget="0.02").status == 0
    assert len(expensive.seen) == 60
    assert len(cheap.seen) == asked


@pytest.mark.slow
def test_solve_keeps_the_budget_and_goes_on_with_more(tmp_path):
    cheap = openai_vendor(answer=rate(0.05), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=rate(0.3), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve")
        sweep.problems, sweep.samples, sweep.budget_usd = 60, 100, 0.0015
        db = tmp_path / "test.db"
        path = sweep.write(tmp_path)
        assert run(path, db).status == 3
        check_bill(db, {"cheap": cheap, "expensive": expensive}, 15 * USD // 10_000)
        before = read_status(db)["solved_by_any"]
        assert run(path, db, budget="0.002").status == 3
        check_bill(db, {"cheap": cheap, "expensive": expensive}, 20 * USD // 10_000)
    check_books(db)
    assert read_status(db)["solved_by_any"] > before


def test_solve_buys_nothing_above_what_a_solve_is_worth(tmp_path):
    cheap = openai_vendor(answer=solves(20), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(20), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve", worth_usd=0.002)
        sweep.problems, sweep.samples = 40, 500
        db = tmp_path / "test.db"
        path = sweep.write(tmp_path)
        ended = run(path, db)
        seen = len(cheap.seen) + len(expensive.seen)
        assert run(path, db).status == 0
        assert len(cheap.seen) + len(expensive.seen) == seen
    assert ended.status == 0
    status = read_status(db)
    assert (status["status"], status["solved_by_any"]) == ("complete", 20)
    assert "worth_usd" in status["reason"]
    assert status["samples"]["planned"] == status["samples"]["done"]
    assert 40 <= sum(counts(db, "cheap").values()) < 40 * 400


def test_what_a_solve_is_worth_is_the_same_in_a_run_that_goes_on(tmp_path):
    """A long prompt costs more than a solve is worth, a short one less. A run that goes on knows that of each problem
    as well as one that was never interrupted."""
    vendor = openai_vendor(answer=rate(0.3), prices=CHEAP_PRICES)
    questions_ = [
        {**problem, "question": "Think. " * (2_000 if at % 2 else 1) + problem["question"]}
        for at, problem in enumerate(questions(40))
    ]
    db = tmp_path / "test.db"
    with serving(vendor):
        policy = {"kind": "solve", "worth_usd": 0.0002}
        sweep = SweepFile({"m": model(vendor)}, problems=questions_, samples=30, policy=policy)
        sweep.budget_usd = 0.0001
        path = sweep.write(tmp_path)
        assert run(path, db).status == 3
        assert run(path, db, budget="0.01").status == 0
    check_books(db)
    assert 10 <= len(counts(db, "m")) <= 20
    assert all(int(key[1:]) % 2 == 0 for key in counts(db, "m"))


def test_a_share_is_measured_without_looking_at_outcomes(tmp_path):
    cheap = openai_vendor(answer=rate(0.2), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=rate(0.6), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve", measure=0.3)
        sweep.problems, sweep.samples, sweep.budget_usd = 40, 50, 0.05
        db = tmp_path / "test.db"
        run(sweep.write(tmp_path), db)
        measured = {
            alias: [
                row[0]
                for row in rows(
                    db, "SELECT problem FROM sample_records WHERE model = ? AND stop_rule = 'none'", alias
                )
            ]
            for alias in ("cheap", "expensive")
        }
        assert sorted(measured["cheap"]) == sorted(measured["expensive"])
        assert len(set(measured["cheap"])) == len(measured["cheap"]) > 10
        run(sweep.write(tmp_path), db, budget="0.1")
    again = one(db, "SELECT count(*) FROM sample_records WHERE model = 'cheap' AND stop_rule = 'none'")
    assert again == pytest.approx(2 * len(measured["cheap"]), abs=1)
    document = frontier_documents([db], "usd").whole
    assert document["models"]["cheap"]["samples"] == again
    assert document["models"]["cheap"]["coverage"][0]["coverage"] == pytest.approx(0.2, abs=0.2)
    assert any("no outcome steered" in text for text in document["warnings"])


def test_solve_fills_the_holes_of_an_earlier_run_once(tmp_path):
    tries: Counter[str] = Counter()

    def at_first(asked: Asked) -> Said | None:
        tries[asked.prompt] += 1
        lost = 1 < tries[asked.prompt] < 5
        return Said(503, {"error": {"message": "down", "type": "server_error"}}) if lost else None

    vendor = openai_vendor(answer=solves(0), prices=CHEAP_PRICES, says=at_first)
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=1, max_attempts=1)}, problems=3, samples=6)
        assert run(sweep.write(tmp_path), db).status == 1
        assert set(counts(db, "m").values()) == {3}
        sweep.policy = {"kind": "solve"}
        assert run(sweep.write(tmp_path), db).status == 0
    assert counts(db, "m") == {"p0": 6, "p1": 6, "p2": 6}
    assert set(tries.values()) == {9}
    check_books(db)


def test_what_is_to_be_measured_is_asked_though_all_is_solved(tmp_path):
    """A model that can't be asked doesn't leave the measurement one-sided without a word; and a refused problem is
    asked once."""

    def refuses(asked: Asked) -> Said | None:
        return (
            Said(400, {"error": {"message": "no", "code": "content_filter"}}) if Q2 in asked.prompt else None
        )

    cheap = openai_vendor(answer=solves(12), prices=CHEAP_PRICES, key="sk-right", says=refuses)
    expensive = openai_vendor(answer=solves(12), prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve", measure=0.1)
        sweep.models["cheap"]["limits"] = {"concurrency": 1}
        path = sweep.write(tmp_path)
        assert run(path, db).status == 4
        assert read_status(db)["solved_by_any"] == 12
        cheap.key = None
        assert run(path, db).status == 1
    asked = [seen for seen in cheap.seen if Q2 in str(seen.body)]
    assert counts(db, "cheap") == {f"p{i}": 1 for i in range(12) if i != 2}
    assert len(asked) == 1


@pytest.mark.parametrize("policy", [{"kind": "cascade", "order": ["cheap", "expensive"]}, {"kind": "solve"}])
def test_an_imported_copy_claims_no_more_than_the_ledger(tmp_path, command, policy):
    cheap = openai_vendor(answer=solves(5), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(9), prices=PRICES)
    with serving(cheap, expensive):
        path = two(cheap, expensive, **policy).write(tmp_path)
        told = command("run", str(path), "--db", "a.db", "--no-progress").stdout
    assert "The models together solved 9 of 12 problems (75.0%), for $" in told
    assert "points higher" not in told
    assert "coverage" not in told
    assert command("export", "a.db", "--format", "jsonl", "-o", "a.jsonl").returncode == 0
    assert command("import", "a.jsonl", "--db", "b.db").returncode == 0
    first, second = (
        frontier_documents([tmp_path / name], "usd").whole["models"] for name in ("a.db", "b.db")
    )
    assert {a: m["coverage"] for a, m in first.items()} == {a: m["coverage"] for a, m in second.items()}
    assert second["expensive"]["coverage"] == []


def test_nothing_is_bought_by_verdicts_that_no_longer_come(tmp_path):
    cheap = openai_vendor(answer=solves(12), prices=CHEAP_PRICES, latency=0.02)
    expensive = openai_vendor(answer=solves(12), prices=PRICES, latency=0.02)
    judge = openai_vendor(prices=CHEAP_PRICES, key="sk-right")
    db = tmp_path / "test.db"
    with serving(cheap, expensive, judge):
        sweep = two(cheap, expensive, kind="solve")
        sweep.models["cheap"]["limits"] = sweep.models["expensive"]["limits"] = {"concurrency": 2}
        sweep.models["judge"] = model(judge, temperature=0.0)
        sweep.verifier = {"kind": "judge", "model": "judge", "rubric": "It is right."}
        assert run(sweep.write(tmp_path), db).status == 4
    assert len(cheap.seen) + len(expensive.seen) < 20
