"""Printed results: the paper's cost table to the printed digit, and what a table may say."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.ledger_fixture import Made, make_ledger

PAGE = Path(__file__).resolve().parents[4] / "docs" / "paper.md"
HEAD = "model,k,coverage,usd_per_attempt\n"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def paper(command, tmp_path) -> Path:
    (tmp_path / "swe-bench-lite.csv").write_text(blocks("csv")[0])
    assert command("import", "swe-bench-lite.csv", "--aggregate", "--db", "paper.db").returncode == 0
    return tmp_path / "paper.db"


def frontier(command, *options: str) -> dict[str, Any]:
    done = command("frontier", "paper.db", "--json", *options)
    assert done.returncode == 0, done.err
    return json.loads(done.stdout)


def test_the_page_is_what_the_commands_print(manyfew, tmp_path):
    (tmp_path / "swe-bench-lite.csv").write_text(blocks("csv")[0])
    said = ""
    for line in blocks("console")[0].splitlines():
        if line.startswith("$ manyfew "):
            assert said.strip() == ""
            done = manyfew(*line.split()[2:], COLUMNS="200")
            assert done.returncode == 0, done.stderr
            said = done.stdout
        else:
            shown, _, said = said.partition("\n")
            assert shown.rstrip() == line.rstrip()


def test_the_papers_cost_table_comes_out_to_the_printed_digit(command, paper):
    document = frontier(command)
    table = {row["model"]: row for row in document["printed"]}
    assert {name: f"{row['usd']:.2f}" for name, row in table.items()} == {
        "DeepSeek-Coder-V2": "10.80",
        "GPT-4o": "39.00",
        "Claude 3.5 Sonnet": "51.00",
    }
    assert [f"{row['ratio']:.1f}" for row in table.values()] == ["1.0", "3.6", "4.7"]
    pairs = {(row["cheap"], row["expensive"]): row for row in document["comparisons"]}
    against = pairs["DeepSeek-Coder-V2", "GPT-4o"]
    assert (against["cheap_k"], against["expensive_k"], against["problems"]) == (5, 1, 300)
    assert (against["coverage_cheap"], against["coverage_expensive"]) == (0.2962, 0.24)
    assert (against["usd_cheap"], against["usd_expensive"]) == (0.036, 0.13)
    assert against["cost_ratio"] == pytest.approx(39 / 10.8)
    assert pairs["DeepSeek-Coder-V2", "Claude 3.5 Sonnet"]["cost_ratio"] == pytest.approx(51 / 10.8)
    assert all(row["probability"] is None for row in pairs.values())
    assert pairs["GPT-4o", "Claude 3.5 Sonnet"]["cheap_k"] is None


def test_curves_have_no_bands_and_the_frontier_is_the_cheap_one(command, paper):
    document = frontier(command)
    (point,) = document["models"]["DeepSeek-Coder-V2"]["coverage"]
    assert (point["k"], point["coverage"], point["low"], point["high"]) == (5, 0.2962, None, None)
    assert point["usd_per_problem"] == 0.036
    (best,) = document["frontier"]  # the others cost more and solve less
    assert best["policy"]["samples"] == {"DeepSeek-Coder-V2": 5}
    assert sum("as printed" in text for text in document["warnings"]) == 3
    assert not any("no models" in text for text in document["warnings"])


def test_another_axis_has_no_costs(command, paper):
    document = frontier(command, "--axis", "tokens")
    assert document["models"]["GPT-4o"]["coverage"][0]["tokens_per_problem"] is None
    assert document["comparisons"] == []
    assert document["frontier"] == []


def test_compare_shows_the_same_table(command, paper):
    document = json.loads(command("compare", "paper.db", "--json").stdout)
    assert [round(row["ratio"], 1) for row in document["printed"]["table"]] == [1.0, 3.6, 4.7]
    assert len(document["printed"]["comparisons"]) == 3
    assert "$51.00" in command("compare", "paper.db").stdout


def test_printed_results_stand_beside_samples_and_change_nothing_of_them(command, tmp_path):
    make_ledger(tmp_path / "a.db", {"mine": Made({"p": [1, 0], "q": [0, 0]})})
    before = json.loads(command("frontier", "a.db", "--json").stdout)
    (tmp_path / "t.csv").write_text(HEAD + "mine,1,0.5,0.01\nother,2,0.75,1\n")
    assert command("import", "t.csv", "--aggregate", "--db", "a.db").returncode == 0
    after = json.loads(command("frontier", "a.db", "--json").stdout)
    assert list(after["models"]) == ["mine", "mine@t", "other"]
    assert after["models"]["mine"] == before["models"]["mine"]
    assert after["frontier"] == before["frontier"]
    assert [(row["cheap"], row["expensive"]) for row in after["comparisons"]] == [("mine@t", "other")]
    assert after["comparisons"][0]["cheap_k"] is None


def test_json_lines_and_several_points_of_a_model(command, tmp_path):
    rows = [("a", 1, 0.2, 0.1), ("a", 8, "40%", 0.1), ("a", 4, 0.3, 0.1), ("b", 2, 0.3, "$0.25")]
    lines = [
        json.dumps(dict(zip(HEAD.strip().split(","), row, strict=True)) | {"sweep": "s"}) for row in rows
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(lines) + "\n")
    assert command("import", "t.jsonl", "--aggregate", "--db", "paper.db").returncode == 0
    document = frontier(command)
    assert [point["k"] for point in document["models"]["a"]["coverage"]] == [1, 4, 8]
    (row,) = document["comparisons"]
    assert (row["cheap_k"], row["usd_cheap"], row["usd_expensive"]) == (4, 0.4, 0.5)
    assert [p["policy"]["samples"] for p in document["frontier"]] == [{"a": 1}, {"a": 4}, {"a": 8}]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (HEAD + "a,1,0.5,0.1\na,2,1.5,0.1\n", 3, "coverage"),
        (HEAD + "a,0,0.5,0.1\n", 2, "k"),
        (HEAD + "a,1.5,0.5,0.1\n", 2, "whole"),
        (HEAD + "a,1,nan,0.1\n", 2, "coverage"),
        (HEAD + "a,1,0.5,-1\n", 2, "usd_per_attempt"),
        (HEAD + "a,1,0.5,1e999999999\n", 2, "usd_per_attempt"),
        (HEAD + ",1,0.5,0.1\n", 2, "model"),
        (HEAD + "a,1,0.5\n", 2, "cells"),
        (HEAD + "a,1,0.5,0.1\na,1,0.6,0.1\n", 3, "line 2"),
        (HEAD + 'a,1,"0.5,0.1\n', 2, "CSV"),
        ("model,k\na,1\n", 1, "coverage"),
        ("model,k,coverage,usd_per_attempt,sec\na,1,0.5,0.1,2\n", 2, "sec"),
        ('{"model": "a", "k": true, "coverage": 0.5, "usd_per_attempt": 0}\n', 1, "k"),
        ('{"model": "\\ud800", "k": 1, "coverage": 0.5, "usd_per_attempt": 0}\n', 1, "surrogate"),
        ('{"model": "a"}\n[1]\n', 1, "has no k"),
        ("{nonsense\n", 1, "JSON"),
    ],
)
def test_one_bad_row_imports_nothing(command, tmp_path, text, line, word):
    (tmp_path / "t.csv").write_text(text)
    done = command("import", "t.csv", "--aggregate", "--db", "a.db")
    assert done.returncode == 2
    assert f"t.csv:{line}: " in done.stderr
    assert word in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "a.db").exists()


@pytest.mark.parametrize("content", [b"", HEAD.encode(), b"\xff\xfe"])
def test_no_rows_is_an_error(command, tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    assert command("import", "t.csv", "--aggregate", "--db", "a.db").returncode == 2
    assert not (tmp_path / "a.db").exists()


def test_a_row_that_is_there_already_leaves_the_ledger_as_it_was(command, tmp_path, paper):
    (tmp_path / "swe-bench-lite.csv").write_text(HEAD + "new,1,0.5,0.1\nGPT-4o,1,0.3,0.1\n")
    done = command("import", "swe-bench-lite.csv", "--aggregate", "--db", "paper.db")
    assert done.returncode == 2
    assert "csv:3" in done.stderr
    with closing(sqlite3.connect(paper)) as connection:
        assert connection.execute("SELECT count(*) FROM aggregate").fetchone() == (3,)
