"""[policy] kind = "cascade": a problem goes on to the next model only while it is unsolved."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestrator.analysis.whole_document import compare_whole, frontier_documents
from orchestrator.ledger.reading.money.status import read_status
from orchestrator.report.terminal.one_screen import Spent, print_one_screen
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Asked, Said
from tests.orchestrator.run.books import check_bill, check_books, counts, one, rows
from tests.orchestrator.run.policies.answers import Q2, rate, solves, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, PRICES, USD, run


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
    assert any(
        "expensive" in text and "where other models had failed" in text for text in document["warnings"]
    )
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
