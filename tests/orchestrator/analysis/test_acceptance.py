"""Two sets of verdicts in the frontier's document: accepted and delivered, and draws that another set stopped."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.analysis.whole_document import Verdicts, compare_whole, frontier_documents
from orchestrator.errors import InputError
from tests.orchestrator.ledger_fixture import Made, make_ledger

Marks = Mapping[str, Sequence[int | None]]


def _two_sets(
    path: Path, truth: Marks, weak: Marks, *, mode: str = "uniform", stopped_by: str | None = None
) -> Path:
    """A ledger of one model whose current set is `gold`; `weak` is the other."""
    make_ledger(path, {"m": Made(truth, mode=mode)})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sample SET verifier = 'math/1'")
        connection.executemany(
            "INSERT INTO verdict_set (id, name, kind, version, options, current, made_at) "
            "VALUES (?, ?, ?, '1', ?, ?, 0)",
            [(1, "gold", "math", "{}", 1), (2, "weak", "code", '{"tests": "public"}', 0)],
        )
        for problem, verdicts in weak.items():
            connection.executemany(
                "INSERT INTO set_verdict SELECT 2, sample.id, ?, NULL, NULL, 'code/1' FROM sample "
                "JOIN problem ON problem.id = problem_id WHERE key = ? AND sample_index = ?",
                [(passed, problem, index) for index, passed in enumerate(verdicts) if passed is not None],
            )
        if stopped_by is not None:
            connection.execute(
                "INSERT INTO steering SELECT 1, id FROM verdict_set WHERE name = ?", (stopped_by,)
            )
    return path


def _rows(path: Path, **verdicts: Any) -> tuple[dict[int, Any], dict[str, Any]]:
    document = frontier_documents([path], "usd", verdicts=Verdicts(**verdicts)).whole
    json.dumps(document, allow_nan=False)
    return {row["k"]: row for row in document["models"]["m"]["coverage"]}, document


GOLD = {"p": [0, 1, 1, 0], "q": [0, 0, 0, 0], "r": [1, 1, 1, 1]}
WEAK = {"p": [1, 1, 0, 0], "q": [1, 0, 0, 0], "r": [1, 1, 1, 1]}


def test_accepted_and_delivered_stand_beside_coverage(tmp_path):
    rows, document = _rows(_two_sets(tmp_path / "l.db", GOLD, WEAK), accept="weak", truth="gold")
    assert rows[1]["coverage"] == pytest.approx((2 / 4 + 0 + 1) / 3)
    assert rows[1]["accepted"] == pytest.approx((2 / 4 + 1 / 4 + 1) / 3)
    assert rows[1]["delivered"] == pytest.approx((1 / 4 + 0 + 1) / 3)
    assert (rows[4]["coverage"], rows[4]["accepted"]) == (pytest.approx(2 / 3), pytest.approx(1))
    assert rows[4]["delivered"] == pytest.approx((1 / 2 + 0 + 1) / 3)
    assert any("more samples don't help" in line for line in document["warnings"])
    assert [one["name"] for one in document["about"]["verdicts"]["accept"]] == ["weak"]
    assert [one["name"] for one in document["about"]["verdicts"]["truth"]] == ["gold"]
    assert document["frontier"][-1]["coverage"] < 2 / 3, "scored by what is delivered"


def test_it_does_not_depend_on_which_set_is_current(tmp_path):
    first, _ = _rows(_two_sets(tmp_path / "a.db", GOLD, WEAK), accept="weak", truth="gold")
    db = _two_sets(tmp_path / "b.db", GOLD, WEAK)
    from orchestrator.ledger.verdict_sets.use import use_set

    use_set(db, "weak")
    second, _ = _rows(db, accept="weak", truth="gold")
    assert first == second


def test_samples_without_a_verdict_in_one_set_are_lost(tmp_path):
    weak = {**WEAK, "p": [1, 1, 0, None]}
    rows, document = _rows(_two_sets(tmp_path / "l.db", GOLD, weak), accept="weak", truth="gold")
    assert max(rows) == 3
    assert rows[1]["coverage"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert document["models"]["m"]["lost"]["no_verdict"] == 1


STOPPED_WEAK = {"p": [0, 1], "q": [1], "r": [0, 0, 0, 0]}
STOPPED_GOLD = {"p": [1, 0], "q": [1], "r": [0, 1, 0, 0]}


def test_draws_that_another_set_stopped_say_little(tmp_path):
    db = _two_sets(tmp_path / "l.db", STOPPED_GOLD, STOPPED_WEAK, mode="until_solved", stopped_by="weak")
    for verdicts in ({}, {"accept": "weak", "truth": "gold"}):
        rows, document = _rows(db, **verdicts)
        assert rows[1]["coverage"] == pytest.approx(2 / 3), "from the first draws"
        assert [rows[k]["coverage"] for k in (2, 4)] == [None, None]
        assert [rows[k]["accepted"] for k in (1, 2, 4)] == [pytest.approx(v / 3) for v in (1, 2, 2)]
        assert [rows[k]["delivered"] for k in (1, 2, 4)] == [pytest.approx(v / 3) for v in (1, 1, 1)]
        assert any("stopped by the verdicts of weak" in line for line in document["warnings"])


def test_compare_counts_first_draws_alone_if_another_set_stopped_the_others(tmp_path):
    db = _two_sets(tmp_path / "l.db", STOPPED_GOLD, STOPPED_WEAK, mode="until_solved", stopped_by="weak")
    document = compare_whole([db])
    assert document["models"]["m"]["pass_rate"] == pytest.approx(2 / 3)
    assert document["models"]["m"]["judged"] == 7
    assert any("another set of verdicts stopped its draws" in line for line in document["warnings"])
    lost = {"p": [None, 1], "q": [1], "r": [0, 1, 0, 0]}
    db = _two_sets(tmp_path / "lost.db", lost, STOPPED_WEAK, mode="until_solved", stopped_by="weak")
    assert compare_whole([db])["models"]["m"]["pass_rate"] == pytest.approx(1 / 2), (
        "p's second draw is no first one"
    )
    db = _two_sets(tmp_path / "own.db", STOPPED_WEAK, STOPPED_GOLD, mode="until_solved", stopped_by="gold")
    document = compare_whole([db])
    assert document["models"]["m"]["pass_rate"] == pytest.approx(1 / 3)
    assert document["warnings"] == []


def test_draws_that_their_own_set_stopped_are_estimated_as_ever(tmp_path):
    db = _two_sets(tmp_path / "l.db", STOPPED_WEAK, STOPPED_GOLD, mode="until_solved", stopped_by="gold")
    rows, document = _rows(db)
    assert [rows[k]["coverage"] for k in (1, 2, 4)] == [pytest.approx(v / 3) for v in (1, 2, 2)]
    assert "accepted" not in rows[1]
    assert not any("stopped by" in line for line in document["warnings"])


def test_a_new_version_that_agrees_is_the_same_verifier(tmp_path):
    db = _two_sets(tmp_path / "l.db", STOPPED_WEAK, STOPPED_WEAK, mode="until_solved", stopped_by="weak")
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE verdict_set SET kind = 'math', options = '{}', version = '0' WHERE id = 2")
    rows, _ = _rows(db)
    assert rows[4]["coverage"] == pytest.approx(2 / 3)


def test_a_stated_rate_of_false_passes(tmp_path):
    db = _two_sets(tmp_path / "l.db", GOLD, {})
    rows, document = _rows(db, false_pass=(0.5, 0.5))
    assert rows[1]["coverage"] == pytest.approx(1.5 / 3)
    assert rows[1]["accepted"] == pytest.approx((0.5 + 0.25 + 0.5 + 1) / 3)
    assert rows[1]["delivered"] == pytest.approx(1.5 / 3)
    assert rows[4]["delivered"] < rows[4]["coverage"]
    assert document["about"]["verdicts"]["false_pass"] == [0.5, 0.5]
    wide, _ = _rows(db, false_pass=(0.1, 0.5))
    assert (
        wide[4]["delivered_low"] <= rows[4]["delivered"] <= wide[4]["delivered"] <= wide[4]["delivered_high"]
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--accept", "weak"),
        ("--truth", "gold"),
        ("--accept", "weak", "--truth", "gold", "--false-pass", "0.1"),
        ("--false-pass", "2"),
        ("--false-pass", "0.5:0.1"),
        ("--false-pass", "x"),
        ("--accept", "nope", "--truth", "gold"),
    ],
)
def test_flags_that_say_half_are_one_line(tmp_path, command, arguments):
    db = _two_sets(tmp_path / "l.db", GOLD, WEAK)
    done = command("frontier", str(db), *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_people_see_the_plateau(tmp_path, command):
    db = _two_sets(tmp_path / "l.db", STOPPED_GOLD, STOPPED_WEAK, mode="until_solved", stopped_by="weak")
    done = command("frontier", str(db), "--accept", "weak", "--truth", "gold")
    assert done.returncode == 0, done.stderr
    assert "delivered" in done.stdout
    page = tmp_path / "page.html"
    done = command("frontier", str(db), "--accept", "weak", "--truth", "gold", "--html", str(page))
    assert done.returncode == 0, done.stderr
    assert '"kind": "delivered"' in page.read_text() or '"kind":"delivered"' in page.read_text()


def test_an_unknown_set_is_named(tmp_path):
    db = _two_sets(tmp_path / "l.db", GOLD, WEAK)
    with pytest.raises(InputError, match="no set of verdicts 'nope'"):
        frontier_documents([db], "usd", verdicts=Verdicts("nope", "gold"))
