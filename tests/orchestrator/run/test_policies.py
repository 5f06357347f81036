"""[policy]: verdicts decide while sampling which problem is asked of which model."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter

import pytest
from rich.console import Console

from orchestrator.analysis.whole_document import compare_whole, frontier_documents
from orchestrator.errors import InputError
from orchestrator.ledger.reading.money.status import KEPT_TO_MEASURE, read_status
from orchestrator.report.terminal.one_screen import Spent, print_one_screen
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Asked, Said
from tests.orchestrator.run.books import check_bill, check_books, counts, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, PRICES, USD, SweepFile, model, questions, run

Q2 = "What is 2 + 2?"
HALF_PRICES = {"input": "2.5", "cached_input": "1.25", "output": "7.5"}
NUMBERS = {f"What is {i} + {i}?": i for i in range(200)}


def number(prompt: str) -> int:
    return NUMBERS[next(q for q in NUMBERS if q in prompt)]


def solves(below: int, from_try: int = 0):
    """Right on problems below `below`, from that try on."""

    def answer(prompt: str, index: int) -> str:
        i = number(prompt)
        return f"#### {2 * i}" if i < below and index >= from_try else "#### -1"

    return answer


def rate(share: float):
    """Each sample right with that probability, by a hash."""

    def answer(prompt: str, index: int) -> str:
        i = number(prompt)
        drawn = hashlib.sha256(f"{share} {i} {index}".encode()).digest()[0] / 256
        return f"#### {2 * i}" if drawn < share else f"#### -{index + 1}"

    return answer


def two(cheap, expensive, **policy):
    models = {"cheap": model(cheap, max_n=1), "expensive": model(expensive, max_n=1)}
    return SweepFile(models, problems=12, samples=4, policy=policy)


# -- cascade -----------------------------------------------------------------------------------------------------------


def test_a_cascade_asks_the_next_model_only_what_is_left(tmp_path):
    cheap = openai_vendor(answer=solves(5, from_try=1), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(9), prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        path = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"]).write(tmp_path)
        assert run(path, db).status == 0
        asked = len(cheap.seen) + len(expensive.seen)
        assert run(path, db).status == 0
        assert len(cheap.seen) + len(expensive.seen) == asked
    check_books(db)
    check_bill(db, {"cheap": cheap, "expensive": expensive}, 10 * USD)
    assert counts(db, "cheap") == {f"p{i}": 2 if i < 5 else 4 for i in range(12)}
    assert counts(db, "expensive") == {f"p{i}": 1 if i < 9 else 4 for i in range(5, 12)}
    assert {row[0] for row in rows(db, "SELECT DISTINCT stop_rule FROM sample_records")} == {"cascade"}
    status = read_status(db)
    assert status["status"] == "complete"
    assert status["solved_by_any"] == 9
    done = sum(counts(db, "cheap").values()) + sum(counts(db, "expensive").values())
    assert status["samples"] == {"planned": done, "done": done, "failed": 0}


def test_stages_overlap(tmp_path):
    """A slow problem of the first stage holds up no other."""
    cheap = openai_vendor(answer=solves(0), latency=0.2, prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(12), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"])
        sweep.models["cheap"]["limits"] = {"concurrency": 2}
        sweep.models["cheap"]["samples"] = 1
        db = tmp_path / "test.db"
        assert run(sweep.write(tmp_path), db).status == 0
    (first,) = rows(db, "SELECT min(created_at) FROM sample_records WHERE model = 'expensive'")[0]
    (last,) = rows(db, "SELECT max(created_at) FROM sample_records WHERE model = 'cheap'")[0]
    assert first < last - 0.2


def test_a_cascade_goes_on_where_it_was_and_with_more_samples(tmp_path):
    cheap = openai_vendor(answer=solves(5, from_try=1), prices=CHEAP_PRICES, latency=0.05)
    expensive = openai_vendor(answer=solves(9), prices=PRICES, latency=0.05)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"])
        sweep.models["cheap"]["limits"] = sweep.models["expensive"]["limits"] = {"concurrency": 3}
        db = tmp_path / "test.db"
        path = sweep.write(tmp_path)
        assert run(path, db, stop_after_s=0.4).status == 130
        assert run(path, db).status == 0
        sweep.samples = 6
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    assert counts(db, "cheap") == {f"p{i}": 2 if i < 5 else 4 if i < 9 else 6 for i in range(12)}
    assert counts(db, "expensive") == {f"p{i}": 1 if i < 9 else 6 for i in range(5, 12)}


def test_a_plan_says_that_it_is_the_most_and_counts_no_solved_problem(tmp_path, command):
    cheap = openai_vendor(answer=solves(5), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(12), prices=PRICES)
    with serving(cheap, expensive):
        path = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"]).write(tmp_path)
        said = " ".join(command("plan", str(path), "--db", "a.db").stdout.split())
        run(path, tmp_path / "a.db")
        after = command("plan", str(path), "--db", "a.db").stdout
    assert "these are the most samples" in said
    assert "two models apart" not in said
    assert "rests on extrapolation" not in said
    assert "all samples are collected; nothing would be sent" in after


def test_of_a_cascade_only_the_first_stage_has_a_coverage_of_its_own(tmp_path):
    cheap = openai_vendor(answer=solves(5, from_try=1), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(9), prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        run(two(cheap, expensive, kind="cascade", order=["cheap", "expensive"]).write(tmp_path), db)
    compared = compare_whole([db])
    assert compared["models"]["expensive"]["pass_rate"] is None
    assert compared["models"]["cheap"]["pass_rate"] is not None
    assert any("expensive: the policy cascade" in text for text in compared["warnings"])
    document = frontier_documents([db], "usd").whole
    (at_4,) = [row for row in document["models"]["cheap"]["coverage"] if row["k"] == 4]
    assert at_4["coverage"] == pytest.approx(5 / 12)
    assert document["models"]["expensive"]["coverage"] == []
    assert any("expensive" in text and "earlier stages" in text for text in document["warnings"])
    assert document["realised"][-1]["solved"] == 9
    assert document["about"]["policy"] == "cascade"
    screen = io.StringIO()
    print_one_screen(Console(file=screen, width=100), document, Spent(settled=1, presumed=0))
    assert "Together they solved 9 of 12 problems (" in screen.getvalue()
    spent = one(db, "SELECT sum(cost_usd) FROM sample_records")
    assert document["realised"][-1]["usd"] == pytest.approx(spent)
    assert [row["solved"] for row in document["realised"]] == sorted(
        row["solved"] for row in document["realised"]
    )


def test_a_stage_alone_asks_what_has_come_to_it(tmp_path):
    cheap = openai_vendor(answer=solves(5), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(9), prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        path = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"]).write(tmp_path)
        ended = run(path, db, only=["expensive"])
        assert (ended.status, ended.result.reason, len(expensive.seen)) == (0, None, 0)
        assert read_status(db)["status"] == "incomplete"
        assert run(path, db, only=["cheap"]).status == 0
        assert run(path, db, only=["expensive"]).status == 0
    assert read_status(db)["status"] == "complete"
    assert read_status(db)["solved_by_any"] == 9


def test_a_first_stage_keeps_its_coverage_where_a_problem_is_lost(tmp_path):
    """Also once a later stage has solved that one, and the next run has forgotten the failures of this one."""

    def down(asked: Asked) -> Said | None:
        return (
            Said(503, {"error": {"message": "down", "type": "server_error"}}) if Q2 in asked.prompt else None
        )

    cheap = openai_vendor(answer=solves(5), prices=CHEAP_PRICES, says=down)
    expensive = openai_vendor(answer=solves(12), prices=PRICES)
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"])
        sweep.models["cheap"]["max_attempts"] = 1
        path = sweep.write(tmp_path)
        assert run(path, db).status == 1
        assert run(path, db).status == 0
    models = frontier_documents([db], "usd").whole["models"]
    assert models["cheap"]["problems"] == 11
    assert models["cheap"]["coverage"][0]["coverage"] == pytest.approx(4 / 11)
    assert models["expensive"]["coverage"] == []


def test_a_first_stage_is_not_pooled_with_draws_that_go_on(tmp_path):
    """Of draws that end at a success, the share of right ones is no pass rate."""
    cheap = openai_vendor(answer=rate(0.3), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(9), prices=PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"])
        sweep.name = "steps"
        run(sweep.write(tmp_path), tmp_path / "steps.db")
        sweep.name, sweep.policy = "plain", {}
        run(sweep.write(tmp_path), tmp_path / "plain.db")
    models = frontier_documents([tmp_path / "steps.db", tmp_path / "plain.db"], "usd").whole["models"]
    assert {"cheap@steps", "cheap@plain"} < set(models)


# -- solve -------------------------------------------------------------------------------------------------------------


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


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"kind": "cascade"}, "order is missing"),
        ({"kind": "cascade", "order": ["cheap"]}, "leaves out 'expensive'"),
        ({"kind": "cascade", "order": ["cheap", "cheap"]}, "twice"),
        ({"kind": "cascade", "order": ["cheap", "expansive"]}, "names no model"),
        ({"kind": "solve", "order": ["cheap", "expensive"]}, 'goes with kind = "cascade"'),
        ({"kind": "all", "worth_usd": 1.0}, 'goes with kind = "solve"'),
        ({"kind": "solve", "measure": 1.5}, "measure"),
        ({"kind": "solve", "pass_rates": {"chep": 0.5}}, "names no model"),
        ({"kind": "solve", "pass_rates": {"cheap": 1.5}}, "pass_rates"),
        ({"kind": "narrow", "pass_rates": {"cheap": 0.5}}, 'goes with kind = "solve"'),
        ({"kind": "best"}, "kind"),
        ({"knd": "solve"}, "knd"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, policy, says):
    with serving(vendor := openai_vendor()), pytest.raises(InputError) as error:
        run(two(vendor, vendor, **policy).write(tmp_path), tmp_path / "test.db")
    assert says in str(error.value)
    assert not vendor.seen


def test_until_solved_is_a_policy_of_its_own(tmp_path):
    with serving(vendor := openai_vendor()):
        sweep = two(vendor, vendor, kind="solve")
        sweep.sampling = {"mode": "until_solved"}
        path = sweep.write(tmp_path)
        with pytest.raises(InputError, match="delete mode"):
            run(path, tmp_path / "test.db")


def test_what_is_measured_later_never_exceeds_the_samples(tmp_path):
    """Nothing is solvable: all samples are drawn, and a raised budget measures within what was kept for it."""
    cheap, expensive = openai_vendor(answer=solves(0), prices=CHEAP_PRICES), openai_vendor(answer=solves(0))
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve", measure=0.1)
        sweep.problems, sweep.samples, sweep.budget_usd = 6, 5, 0.06
        path = sweep.write(tmp_path)
        run(path, db)
        ended = run(path, db, budget="0.5")
        assert (ended.status, ended.result.reason) == (0, KEPT_TO_MEASURE)
        status = read_status(db)
        assert (status["status"], status["samples"]["planned"]) == ("complete", status["samples"]["done"])
        assert run(path, db, budget="0.9").status == 0
    check_books(db)
    for alias in ("cheap", "expensive"):
        assert set(counts(db, alias).values()) <= {4, 5}


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


# -- narrow ------------------------------------------------------------------------------------------------------------


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
    assert set(counts(db, "other").values()) == {2}
    status = read_status(db)
    assert status["status"] == "complete"
    assert status["samples"]["planned"] == status["samples"]["done"] == 6 * 12


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


# -- what is foretold, and what the screens say ------------------------------------------------------------------------


def test_stated_pass_rates_predict_before_any_draw_and_steer_the_first_ones(tmp_path, command):
    cheap = openai_vendor(answer=solves(12), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(12), prices=HALF_PRICES)
    with serving(cheap, expensive):
        rates = {"cheap": 0.01, "expensive": 0.9}
        sweep = two(cheap, expensive, kind="solve", pass_rates=rates)
        sweep.models["expensive"]["price"] = {key: float(value) for key, value in HALF_PRICES.items()}
        sweep.budget_usd = 0.0004
        path = str(sweep.write(tmp_path))
        foretold = json.loads(command("plan", path, "--db", "a.db", "--json").stdout)["foretold"]
        said = " ".join(command("plan", path, "--db", "a.db").stdout.split())
        assert command("run", path, "--db", "a.db", "--budget", "0.1").returncode == 0
    assert foretold["verdicts"] == 0
    assert foretold["uniform"]["model"] == "expensive"
    assert 0 < foretold["solve"]["low"] < foretold["solve"]["solved"] < foretold["solve"]["high"] < 12
    assert "By the stated pass rates alone: with $0.0004 in all: about" in said
    assert len(cheap.seen) < 12


def test_what_the_rest_brings_is_foretold_and_the_screens_say_what_is_bought(tmp_path, command):
    def some(share: float):
        return lambda prompt, index: rate(share)(prompt, index) if number(prompt) < 54 else "#### -1"

    cheap = openai_vendor(answer=some(0.1), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=some(0.5), prices=HALF_PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve", measure=0.5)
        sweep.models["expensive"]["price"] = {key: float(value) for key, value in HALF_PRICES.items()}
        sweep.problems, sweep.samples, sweep.budget_usd = 60, 60, 0.007
        path = str(sweep.write(tmp_path))
        before = " ".join(command("plan", path, "--db", "a.db").stdout.split())
        told = command("run", path, "--db", "a.db", "--progress", "lines")
        foretold = json.loads(command("plan", path, "--db", "a.db", "--budget", "0.014", "--json").stdout)[
            "foretold"
        ]
        said = " ".join(command("plan", path, "--db", "a.db", "--budget", "0.014").stdout.split())
    assert "predicted once samples are judged" in before
    by_any = read_status(tmp_path / "a.db")["solved_by_any"]
    for kind in ("solve", "cascade", "uniform"):
        assert by_any <= foretold[kind]["low"] <= foretold[kind]["solved"] <= foretold[kind]["high"] <= 60
    assert foretold["solve"]["solved"] >= foretold["uniform"]["solved"]
    assert f"about {foretold['solve']['solved']:.0f} of 60 solved (" in said
    assert "uniform best single model" in said
    assert "problems solved" in told.stderr
    assert "solved per $" in told.stderr
    stands = command("status", "a.db").stdout
    assert f"{by_any} of 60" in stands
    assert "%" not in next(line for line in stands.splitlines() if line.startswith("cheap"))
    document = json.loads(command("frontier", "a.db", "--json").stdout)
    assert document["foretold"][-1]["usd"] == document["realised"][-1]["usd"]
    assert document["regret"]["low"] <= document["regret"]["solved"] <= document["regret"]["high"]
    assert document["regret"]["solved"] == pytest.approx(document["foretold"][-1]["solved"] - by_any)
    assert "Told the spread of pass rates" in " ".join(command("frontier", "a.db").stdout.split())
    table = command("frontier", "a.db", "--all").stdout.split("dollars spent", 1)[1]
    assert table.split()[:4] == ["solved", "by", "any", "foretold"]
    assert command("frontier", "a.db", "--html", "a.html").returncode == 0
    page = (tmp_path / "a.html").read_text()
    assert "Solved for the money" in page
    assert '"solved":{"width"' in page
    refused = command("plan", "a.db", "--next", "1")
    assert refused.returncode == 2
    assert "the policy solve chose the samples" in refused.stderr
