"""What imported samples cost: stated, computed or unknown, and which of them is said."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.ledger.importing import logs
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.sample_files import LINE, records, rows, write

MODEL = "openai/gpt-4o-2024-08-06"
LIST = 100 * 2_500_000 + 50 * 10_000_000
"""Pico-dollars of 100 tokens in and 50 out."""


def brought(command, *arguments: str) -> dict[str, Any]:
    done = command("import", *arguments, "--db", "a.db", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def usage(model: str = MODEL, **changes: Any) -> dict[str, Any]:
    return {model: {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150} | changes}


def test_tokens_are_priced_by_the_price_book_and_the_price_is_kept(command, tmp_path):
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample()])
    done = brought(command, "a.eval")
    assert (done["computed_cost"], done["without_cost"]) == (1, 0)
    assert "doesn't date" in done["notes"][0]
    (row,) = records(Path("a.db"))
    assert (row["cost_pico"], row["cost_basis"]) == (LIST, "computed")
    (model,) = rows(Path("a.db"), "SELECT price FROM model")
    assert json.loads(model["price"])["name"].startswith("openai/gpt-4o")


def test_a_stated_cost_is_kept_and_compared(command, tmp_path):
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(model_usage=usage(total_cost=0.5))])
    done = brought(command, "a.eval")
    (note,) = [note for note in done["notes"] if "state" in note]
    assert "$0.5" in note
    assert "$0.00075" in note
    (row,) = records(Path("a.db"))
    assert (row["cost_pico"], row["cost_basis"]) == (5 * 10**11, "imported")
    assert "imported samples cost $0.50, not spent here" in command("frontier", "a.db").stdout.splitlines()[0]
    assert "Imported samples cost $0.50, not spent here." in command("status", "a.db").stdout
    (side,) = json.loads(command("compare", "a.db", "--json").stdout)["models"].values()
    assert (side["input_tokens_per_sample"], side["output_tokens_per_sample"]) == (100, 50)
    Path("a.db").unlink()
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(model_usage=usage(total_cost=0.00075))])
    assert not [note for note in brought(command, "a.eval")["notes"] if "state" in note]


def test_costs_of_several_models_of_a_sample_add_up(command, tmp_path):
    both = usage(total_cost=0.25) | usage("openai/gpt-4o-mini", total_cost=0.125)
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(model_usage=both)])
    brought(command, "a.eval")
    (row,) = records(Path("a.db"))
    assert (row["cost_pico"], row["prompt_tokens"], row["completion_tokens"]) == (375 * 10**9, 200, 100)


def test_what_has_no_price_has_no_cost_and_is_said(command, tmp_path):
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(model_usage=usage("hf/mine"))])
    done = command("import", "a.eval", "--db", "a.db")
    assert done.returncode == 0
    assert "no 'hf/mine'" in done.stdout
    assert "--price" in done.stdout
    (row,) = records(Path("a.db"))
    assert (row["cost_pico"], row["cost_basis"]) == (None, "none")


@pytest.mark.parametrize(
    ("flags", "pico", "basis"),
    [
        (["--price", f"{MODEL}=1/2"], 100 * 10**6 + 50 * 2 * 10**6, "computed"),
        (["--price", f"{MODEL}=openai/gpt-4o-mini"], 100 * 150_000 + 50 * 600_000, "computed"),
        (["--usd-per-sample", "0.25"], 25 * 10**10, "imported"),
    ],
)
def test_a_price_may_be_stated(command, tmp_path, flags, pico, basis):
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample()])
    brought(command, "a.eval", *flags)
    (row,) = records(Path("a.db"))
    assert (row["cost_pico"], row["cost_basis"]) == (pico, basis)


def test_prices_of_a_day_are_those_of_that_day_alone(command, tmp_path):
    """A set of prices of a year ago isn't made up: the book doesn't date this one."""
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample()])
    done = brought(command, "a.eval", "--prices-on", "2025-01-15")
    assert (done["without_cost"], done["computed_cost"]) == (1, 0)
    assert "2025-01-15" in done["unpriced"][MODEL]


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--price", "nobody=1/2"], "no sample is of that model"),
        (["--price", "half"], "ALIAS=NAME"),
        (["--price", f"{MODEL}=-1/2"], "a price"),
        (["--price", f"{MODEL}=no-such-model"], "price book"),
        (["--prices-on", "yesterday"], "isn't a date"),
        (["--usd-per-sample", "-1"], "--usd-per-sample"),
        (["--pass-at", "nan"], "--pass-at"),
    ],
)
def test_a_flag_that_makes_no_sense_imports_nothing(command, tmp_path, flags, word):
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample()])
    done = command("import", "a.eval", "--db", "a.db", *flags)
    assert done.returncode == 2
    assert word in done.stderr
    assert not Path("a.db").exists()


def test_own_lines_without_a_cost_are_priced_only_on_request(command, tmp_path):
    line = {**LINE, "cost_basis": "none", "prompt_tokens": 100, "completion_tokens": 50}
    write(tmp_path / "a.jsonl", line)
    brought(command, "a.jsonl")
    assert records(Path("a.db"))[0]["cost_basis"] == "none"
    Path("a.db").unlink()
    brought(command, "a.jsonl", "--price", "cheap=1/2")
    (row,) = records(Path("a.db"))
    assert (row["cost_pico"], row["cost_basis"]) == (200 * 10**6, "computed")


TOLD = {**LINE, "prompt_tokens": 100, "completion_tokens": 50}


@pytest.mark.parametrize(
    ("line", "flags", "cost"),
    [
        (TOLD, [], (None, "none")),
        (TOLD, ["--price", "cheap=1/2"], (200 * 10**6, "computed")),
        (TOLD | {"cost_usd": None}, ["--price", "cheap=1/2"], (200 * 10**6, "computed")),
        (TOLD | {"model": MODEL}, ["--prices-on", "2026-11-29"], (LIST, "computed")),
        (TOLD, ["--usd-per-sample", "0.01"], (10**10, "imported")),
        (TOLD | {"cost_usd": 0}, ["--price", "cheap=1/2"], (0, "imported")),
        (LINE, ["--price", "cheap=1/2"], (None, "none")),
    ],
)
@pytest.mark.parametrize("kind", ["lines", "array"])
def test_own_lines_that_say_nothing_of_a_cost_take_the_one_that_is_stated(
    command, tmp_path, kind, line, flags, cost
):
    if kind == "lines":
        write(tmp_path / "a.jsonl", line)
    else:
        (tmp_path / "a.jsonl").write_text(json.dumps([line], indent=1))
    brought(command, "a.jsonl", *flags)
    (row,) = records(Path("a.db"))
    assert (row["cost_pico"], row["cost_basis"]) == cost


def test_samples_that_shared_a_prompt_still_do_after_a_round_trip(command, tmp_path):
    """Without a price nobody can tell what they cost apart; where the log doesn't say who shared, that is said."""
    path = make_ledger(tmp_path / "l.db", {"m": Made({f"p{i}": counted(4, 2) for i in range(3)})})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sample SET request_ref = problem_id || '-' || (sample_index / 2)")
    assert command("export", "l.db", "--format", "inspect", "-o", "m.eval").returncode == 0
    brought(command, "m.eval")
    assert len({row["request"] for row in records(Path("a.db"))}) == 6
    assert "m: samples shared their requests' prompts, and without a price" in notes(command, "a.db")
    assert command("reprice", "a.db", "b.db", "--price", "m=gpt-4o").returncode == 0
    assert "m: samples shared their requests' prompts: what to buy pays" in notes(command, "b.db")
    with closing(sqlite3.connect("a.db")) as connection, connection:
        connection.execute("UPDATE sample SET request_ref = NULL")
    assert "doesn't say which samples shared a request" in notes(command, "a.db")


def notes(command, db: str) -> str:
    return " ".join(json.loads(command("frontier", db, "--json").stdout)["warnings"])
