"""Best of k by score beside coverage: from a ledger's scores to the document, the text and the page."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestrator.cli.app import app
from orchestrator.report.charts.rows import votes


def row(
    problem: str, index: int, score: float | None, passed: int | None, **more: object
) -> dict[str, object]:
    return {
        "model": "m", "problem": problem, "sample_index": index, "text": "text", "score": score, "passed": passed,
        "cost_usd": 0.001, **more,
    }  # fmt: skip


ROWS = [
    *(row("p", at, at, at == 3) for at in range(4)),
    *(row("q", at, at, at == 0) for at in range(4)),
]


def ledger(path: Path, rows: list[dict[str, object]]) -> Path:
    file = path / "scores.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    done = CliRunner().invoke(app(), ["import", str(file), "--db", str(path / "s.db")])
    assert done.exit_code == 0, done.output
    return path / "s.db"


def frontier(db: Path, *words: str) -> str:
    done = CliRunner().invoke(app(), ["frontier", str(db), *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def document(db: Path) -> dict[str, Any]:
    return json.loads(frontier(db, "--json"))["models"]["m"]["best_of"]


def test_the_best_scores_share_of_right_ones_is_drawn_and_told(tmp_path):
    rows = [{**one, "passed": int(bool(one["passed"]))} for one in ROWS]
    db = ledger(tmp_path, rows)
    best = document(db)
    assert (best["rule"], best["left_out"]) == ("best_of", None)
    # p's best sample is its right one, q's worst is: 1/4 and 1/4 at k = 1, 1 and 0 at k = 4.
    assert [(point["k"], pytest.approx(point["accuracy"])) for point in best["points"]] == [
        (1, 0.25), (2, 0.25), (4, 0.5),
    ]  # fmt: skip
    assert all(point["low"] <= point["accuracy"] <= point["high"] for point in best["points"])
    assert "best score right: 25.0% at k = 1, 50.0%" in frontier(db, "--all")
    models = json.loads(frontier(db, "--json"))["models"]
    assert [one["k"] for one in votes(models, "usd") if one["kind"] == "picked"] == [1, 2, 4]
    frontier(db, "--html", str(tmp_path / "f.html"))
    assert "best score of k samples" in (tmp_path / "f.html").read_text()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("p", 0, None, 1), row("p", 1, None, 0)], "no sample has a score"),
        (
            [row("p", 0, 1.0, 1), row("p", 1, None, 0), row("q", 0, None, 0)],
            "2 of its samples have no score yet",
        ),
        ([row("p", 0, 1.0, 1, stop_rule="first_success")], "stop at their first success"),
    ],
)
def test_without_all_scores_there_is_no_curve_and_it_says_why(tmp_path, rows, said):
    best = document(ledger(tmp_path, rows))
    assert best["points"] == []
    assert said in best["left_out"]


def test_an_empty_text_has_no_score_and_is_picked_last(tmp_path):
    rows = [row("p", 0, None, 0, text=" \n"), row("p", 1, -5.0, 1)]
    assert [point["accuracy"] for point in document(ledger(tmp_path, rows))["points"]] == [0.5, 1.0]
