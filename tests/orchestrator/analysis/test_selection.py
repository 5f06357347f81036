"""The majority vote beside coverage: from a ledger's answers to the document, the text and the page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestrator.analysis.selection import MOST_SAMPLES, with_selection
from orchestrator.cli.app import app
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from orchestrator.ledger.reading.samples.votes import read_votes
from orchestrator.report.charts.rows import votes


def row(
    problem: str, index: int, answer: str | None, passed: int | None, **more: object
) -> dict[str, object]:
    return {
        "model": "m", "problem": problem, "sample_index": index, "text": f"{answer}", "answer": answer,
        "passed": passed, "cost_usd": 0.001, **more,
    }  # fmt: skip


ROWS = [
    *(row("p", at, "7", 1) for at in range(3)),
    *(row("p", at, "8", 0) for at in range(3, 8)),
    *(row("p", at, None, 0) for at in range(8, 10)),
    *(row("q", at, "1", 1) for at in range(6)),
    *(row("q", at, "2", 0) for at in range(6, 10)),
    row("q", 10, "2", None),
]


def ledger(path: Path, rows: list[dict[str, object]]) -> Path:
    file = path / "votes.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    done = CliRunner().invoke(app(), ["import", str(file), "--db", str(path / "votes.db")])
    assert done.exit_code == 0, done.output
    return path / "votes.db"


def document(db: Path) -> dict[str, Any]:
    done = CliRunner().invoke(app(), ["frontier", str(db), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_votes_are_counted_by_answer_over_samples_with_a_verdict(tmp_path):
    (outcomes,) = read_outcomes([ledger(tmp_path, ROWS)])
    p, q = read_votes(outcomes)
    assert sorted(zip(p.counts.tolist(), p.right.tolist(), strict=True)) == [(3, 1.0), (5, 0.0)]
    assert p.silent == 2
    assert sorted(zip(q.counts.tolist(), q.right.tolist(), strict=True)) == [(4, 0.0), (6, 1.0)]
    assert q.silent == 0


def test_the_document_says_how_far_a_vote_falls_behind(tmp_path):
    model = document(ledger(tmp_path, ROWS))["models"]["m"]
    points = {point["k"]: point for point in model["selection"]["points"]}
    assert model["selection"]["rule"] == "majority"
    assert model["selection"]["left_out"] is None
    assert sorted(points) == [point["k"] for point in model["coverage"]] == [1, 2, 5, 10]
    assert points[1]["accuracy"] == pytest.approx((0.3 + 0.6) / 2)
    assert points[1]["accuracy"] == pytest.approx(model["coverage"][0]["coverage"])
    assert points[10]["accuracy"] == 0.5
    assert model["coverage"][-1]["coverage"] == 1.0
    assert all(point["low"] <= point["accuracy"] <= point["high"] for point in points.values())


def test_the_text_and_the_page_show_it(tmp_path):
    db = ledger(tmp_path, ROWS)
    done = CliRunner().invoke(app(), ["frontier", str(db), "--all", "--html", str(tmp_path / "r.html")])
    assert done.exit_code == 0, done.output
    assert "majority vote right: 45.0% at k = 1, 50.0%" in done.stdout
    page = (tmp_path / "r.html").read_text()
    assert "Choosing without a verifier" in page
    assert '"kind":"voted"' in page


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("p", at, None, 1) for at in range(3)], "no sample has an extracted answer"),
        ([row("p", at, "", 0) for at in range(3)], "no sample has an extracted answer"),
        ([row("p", 0, "7", None)], "no sample has a verdict"),
        ([row("p", 0, "7", 1, stop_rule="first_success")], "stop at their first success"),
    ],
)
def test_where_there_is_no_vote_it_says_why(tmp_path, rows, reason):
    model = document(ledger(tmp_path, rows))["models"]["m"]
    assert model["selection"]["points"] == []
    assert reason in model["selection"]["left_out"]
    assert votes({"m": model}, "usd") == []


def test_too_many_samples_are_not_counted(tmp_path):
    (outcomes,) = read_outcomes([ledger(tmp_path, ROWS)])
    many = replace(outcomes, samples=MOST_SAMPLES + 1)
    said = with_selection({"models": {"m": {}}}, [many])["models"]["m"]["selection"]
    assert said["points"] == []
    assert "2,000,001 samples" in said["left_out"]


def steered(policy: str) -> list[dict[str, object]]:
    """Two draws that no outcome chose, one of them right, and six that the policy chose, all wrong."""
    return [
        *(row(key, at, "7" if at else "8", at, stop_rule="none") for key in ("p", "q") for at in range(2)),
        *(row(key, at, "8", 0, stop_rule=policy) for key in ("p", "q") for at in range(2, 8)),
    ]


@pytest.mark.parametrize("policy", ["narrow", "solve"])
def test_draws_that_outcomes_chose_have_no_vote(tmp_path, policy):
    db = ledger(tmp_path, steered(policy))
    (outcomes,) = read_outcomes([db])
    assert [one.counts.tolist() for one in read_votes(outcomes)] == [[1, 1], [1, 1]]
    model = document(db)["models"]["m"]
    assert [point["accuracy"] for point in model["selection"]["points"]] == [0.5, 0.5]
    assert [point["coverage"] for point in model["coverage"]] == [0.5, 1.0]


def test_of_draws_that_outcomes_chose_alone_no_vote_is_shown(tmp_path):
    rows = [row("p", at, "7", 1, stop_rule="solve") for at in range(4)]
    selection = document(ledger(tmp_path, rows))["models"]["m"]["selection"]
    assert selection == {
        "rule": "majority",
        "points": [],
        "left_out": "the policy solve chose its draws by outcomes",
    }


def test_scores_of_draws_that_outcomes_chose_pick_no_best(tmp_path):
    rows = [{**one, "score": float(at)} for at, one in enumerate(steered("narrow"))]
    best = document(ledger(tmp_path, rows))["models"]["m"]["best_of"]
    assert [point["accuracy"] for point in best["points"]] == [0.5, 1.0]


def of_narrow(right: int, wrong: int) -> list[dict[str, object]]:
    """Counted draws of a problem that is always right, and of one that never is: narrow chose how many."""
    return [
        *(row("p", at, "7", 1, stop_rule="none") for at in range(right)),
        *(row("q", at, "7", 0, stop_rule="none", cost_usd=0.003) for at in range(wrong)),
        *(row("q", at, "7", 0, stop_rule="narrow", cost_usd=0.1) for at in range(wrong, wrong + 7)),
    ]


def test_a_pass_costs_what_it_does_where_each_problem_counts_alike(tmp_path):
    model = document(ledger(tmp_path, of_narrow(80, 20)))["models"]["m"]
    assert model["usd_per_sample"] == pytest.approx(0.002)
    assert model["cost_of_pass_usd"] == pytest.approx(0.004)
    assert model["coverage"][0]["coverage"] == pytest.approx(0.5)


def test_what_a_pass_costs_is_not_told_from_few_draws_that_a_policy_left(tmp_path):
    """A ratio over so few is biased."""
    found = document(ledger(tmp_path, of_narrow(8, 2)))
    model = found["models"]["m"]
    assert model["cost_of_pass_usd"] is model["cost_of_pass_problem_mean_usd"] is None
    assert model["cost_of_pass_usd_low"] is model["cost_of_pass_usd_high"] is None
    assert any(
        "8 passes among the draws that can be counted are too few" in told for told in found["warnings"]
    )
