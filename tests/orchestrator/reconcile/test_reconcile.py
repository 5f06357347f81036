"""Presumed becomes settled: by a typed figure, and by every shape of export."""

from __future__ import annotations

import shutil
import sqlite3
from collections import deque
from contextlib import closing

import pytest

from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator import usage_exports as exports
from tests.orchestrator.presumed_fixture import age, document, make_presumed, settle
from tests.orchestrator.run.books import check_bill, check_books, money, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

pytestmark = pytest.mark.xdist_group("reconcile")  # one ledger for all of its tests


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_presumed(tmp_path_factory.mktemp("presumed") / "made")


@pytest.fixture
def db(made, tmp_path):
    return shutil.copy(made.db, tmp_path / "l.db")


def test_a_list_of_what_is_presumed(db, command):
    before = db.read_bytes()
    text = command("reconcile", str(db)).stdout
    for kind in ("no usage", "reset", "HTTP 502", "time-out", "half a reply", "samples kept: "):
        assert kind in text
    assert "--usage EXPORT" in text
    listed = document(command("reconcile", str(db), "--json"))
    for alias in ("cheap", "expensive"):
        of = listed["models"][alias]
        assert of["usd"] == pytest.approx(money(db, alias).presumed / USD)
        assert of["requests"] == sum(kind["requests"] for kind in of["kinds"].values())
        assert len(of["vendor_requests"]) == 3, "of two replies without usage, and one of half a JSON"
        assert of["from"] < of["to"]
    assert listed["models"]["cheap"]["kinds"]["no usage"]["samples"] == 4
    assert db.read_bytes() == before


EXPORTS = {
    "OpenAI costs": exports.openai_costs_json,
    "OpenAI usage": exports.openai_usage_json,
    "OpenAI usage CSV": exports.openai_usage_csv,
    "Anthropic usage": exports.anthropic_usage_json,
    "Anthropic cost": exports.anthropic_cost_json,
    "Anthropic cost CSV": exports.anthropic_cost_csv,
    "Anthropic usage CSV": exports.anthropic_usage_csv,
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_by_time_settles_the_whole_bill(made, db, command, tmp_path, name):
    """Settled is the bill, to the pico-dollar; nothing is presumed any more; the samples cost what they did."""
    file = EXPORTS[name](tmp_path / "export", made.bills)
    before, costs = presumed(db), rows(db, "SELECT id, cost_pico FROM sample")
    shown = document(command("reconcile", str(db), "--usage", str(file), "--json"))
    assert shown["applied"] is False
    assert presumed(db) == before, "nothing is booked without --yes"
    done = settle(command, db, "--usage", str(file))
    assert done["applied"] is True
    assert len(done["file_sha256"]) == 64
    check_books(db)
    for alias in made.vendors:
        assert money(db, alias).settled == made.billed(alias), alias
        assert money(db, alias).presumed == 0
        assert done["models"][alias]["still_presumed"] == 0
    check_bill(db, made.vendors, USD)
    assert rows(db, "SELECT id, cost_pico FROM sample") == costs
    told = {row["request_id"]: row["presumed_pico"] for row in rows(db, "SELECT * FROM reconciled")}
    assert told == before


def presumed(db):
    return {r["id"]: r["presumed_pico"] for r in rows(db, "SELECT * FROM request WHERE state = 'presumed'")}


@pytest.mark.parametrize("shape", ["spend", "tokens", "openrouter"])
def test_an_export_by_request_settles_each_by_its_id(made, db, command, tmp_path, shape):
    """The samples kept from a reply without usage get their shares; what has no id gets what nobody else explains."""
    for at, (name, bills) in enumerate(made.bills.items()):
        alias = list(made.vendors)[at]
        if shape == "openrouter":
            file = exports.openrouter_csv(tmp_path / f"{at}", {name: bills}, made.at)
        else:
            file = exports.litellm_json(tmp_path / f"{at}", {name: bills}, made.at, tokens=shape == "tokens")
        days = ("--since", exports.day(exports.span()[0]), "--until", exports.day(exports.span()[1]))
        done = settle(command, db, "--usage", str(file), "--model", alias, *days)
        assert done["models"][alias]["matched_by_id"] == 3, done
        assert done["models"][alias]["still_presumed"] == 0, done
        assert money(db, alias).settled == made.billed(alias)
    check_books(db)
    kept = rows(
        db,
        "SELECT s.*, r.settled_pico FROM sample AS s JOIN request AS r ON r.id = s.request_id "
        "WHERE r.error = 'NoUsage'",
    )
    assert len(kept) == 8
    assert all(row["cost_basis"] == "usage" and row["cost_pico"] > 0 for row in kept)
    assert all(row["prompt_tokens"] > 0 and row["completion_tokens"] > 0 for row in kept)
    assert one(db, "SELECT count(*) FROM sample WHERE cost_basis = 'none'") == 0


def test_a_typed_bill_is_the_models_whole_bill(made, db, command):
    bill = f"{exports.usd(made.billed('cheap')):.12f}"
    done = command("reconcile", str(db), "--model", "cheap", "--billed", bill, "--yes")
    assert done.returncode == 0, done.stderr
    assert "presumed becomes" in done.stdout
    check_books(db)
    assert money(db, "cheap").settled == made.billed("cheap")
    assert money(db, "cheap").presumed == 0
    assert money(db, "expensive").presumed > 0
    assert "Reconciled" in command("reconcile", str(db)).stdout
    assert one(db, "SELECT billed_pico FROM reconciliation") == made.billed("cheap")
    assert one(db, "SELECT max(settled_pico - presumed_pico) <= 0 FROM reconciled")


def test_none_was_billed(db, command):
    before = {alias: money(db, alias).settled for alias in ("cheap", "expensive")}
    assert settle(command, db, "--free")["applied"] is True
    check_books(db)
    assert {alias: money(db, alias).settled for alias in before} == before
    assert money(db).presumed == money(db).unused == 0
    again = document(command("reconcile", str(db), "--free", "--yes", "--json"))
    assert again["applied"] is False
    assert one(db, "SELECT count(*) FROM reconciliation") == 1


def test_the_budget_counts_what_is_settled_now(command, tmp_path):
    """A sweep that the presumed had ended goes on with the money that is free again."""
    vendor = openai_vendor()
    vendor.faults = deque([faults.NO_USAGE] * 12)
    path = tmp_path / "own" / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=1)}, problems=6, samples=4, budget_usd=0.03)
        file = sweep.write(tmp_path / "own")
        assert run(file, path).status == 3
        held = money(path).held
        bill = f"{exports.usd(vendor.billed_pico):.12f}"
        assert settle(command, path, "--billed", bill)["applied"] is True
        assert money(path).held == vendor.billed_pico < held
        vendor.faults.clear()
        assert run(file, path).status == 0
    check_books(path)
    check_bill(path, {"m": vendor}, 3 * USD // 100)
    assert money(path).settled == vendor.billed_pico


def test_what_a_killed_run_left_open_is_presumed_first(db, command):
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(
            "UPDATE request SET state = 'reserved', presumed_pico = 0, error = NULL, ended_at = NULL "
            "WHERE state = 'presumed' AND model_id = 1"
        )
        connection.execute("UPDATE model SET reserved_pico = presumed_pico, presumed_pico = 0 WHERE id = 1")
        connection.execute("UPDATE run SET ended_at = NULL, status = 'running'")
    listed = document(command("reconcile", str(db), "--json"))
    assert listed["models"]["cheap"]["kinds"].keys() == {"crash"}
    assert listed["left_open"] == listed["models"]["cheap"]["requests"]
    assert settle(command, db, "--free", "--model", "cheap")["applied"] is True
    check_books(db)
    assert one(db, "SELECT status FROM run") == "killed"
    assert one(db, "SELECT count(*) FROM request WHERE state = 'reserved'") == 0


def test_two_aliases_of_one_vendors_model_are_settled_together(tmp_path, command):
    vendor = openai_vendor()
    vendor.faults = deque([faults.RESET_BILLED] * 2)  # three for one sample, and it would be given up on
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = {"limits": {"concurrency": 1}}
        models = {
            "cold": model(vendor, temperature=0.1, **keys),
            "warm": model(vendor, temperature=1.0, **keys),
        }
        assert run(SweepFile(models, problems=3, samples=2).write(tmp_path), db).status == 0
    age(db)
    file = exports.openai_costs_json(tmp_path / "f", {"m": vendor.billed})
    done = command("reconcile", "test.db", "--usage", str(file), "--model", "cold", "--yes")
    assert done.returncode == 2
    assert "warm goes by the same vendor's name" in done.stderr
    settle(command, db, "--usage", str(file))
    check_books(db)
    assert money(db).settled == vendor.billed_pico
    assert money(db).presumed == 0
