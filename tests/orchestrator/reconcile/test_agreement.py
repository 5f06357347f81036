"""An export that is silent, too early, of another time zone or in another currency settles nothing; one that bills more
than was settled is booked."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest

from tests.orchestrator import usage_exports as exports
from tests.orchestrator.presumed_fixture import age, document, make_presumed, settle
from tests.orchestrator.run.books import check_books, money, one, rows

pytestmark = pytest.mark.xdist_group("reconcile_agreement")  # one ledger for all of its tests


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_presumed(tmp_path_factory.mktemp("presumed") / "made")


@pytest.fixture
def db(made, tmp_path):
    return shutil.copy(made.db, tmp_path / "l.db")


def known(made):
    """Bills of requests that the ledger settled by their replies: an export that knows no others."""
    ids = {row[0] for row in rows(made.db, "SELECT vendor_request FROM request WHERE state = 'settled'")}
    return {name: [bill for bill in bills if bill.request_id in ids] for name, bills in made.bills.items()}


def nothing_settles(db, command, file, *arguments):
    before = money(db)
    done = settle(command, db, "--usage", str(file), *arguments)
    assert (done["applied"], money(db)) == (False, before)
    return " ".join(done["notes"])


def refused(db, command, file, *arguments):
    before = money(db)
    done = command("reconcile", str(db), "--usage", str(file), *arguments, "--yes")
    assert done.returncode == 2, done.stdout
    assert money(db) == before
    (line,) = done.stderr.splitlines()
    return line


SILENT = {
    "buckets of dollars": exports.openai_costs_json,
    "buckets of tokens": exports.openai_usage_json,
    "days": exports.anthropic_cost_csv,
}


@pytest.mark.parametrize("name", SILENT)
def test_today_says_nothing_yet_of_what_was_asked_just_now(made, db, command, tmp_path, name):
    """Its bucket ends tomorrow; what it can know ends now. An hour and the time-out later it is believed."""
    file = SILENT[name](tmp_path / "f", known(made))
    age(db, -exports.AGO_S)
    assert "may not have them yet" in nothing_settles(db, command, file)
    age(db, 3600 - 60)
    assert "may not have them yet" in nothing_settles(db, command, file)
    age(db, exports.AGO_S - 3600 + 60)
    assert settle(command, db, "--usage", str(file))["applied"] is True
    check_books(db)
    assert money(db).presumed == 0


def test_rows_of_requests_say_nothing_yet_of_what_was_asked_just_now(made, db, command, tmp_path):
    age(db, -exports.AGO_S)
    file = exports.litellm_json(tmp_path / "f", known(made), made.at + exports.AGO_S)
    until = ("--until", exports.day(time.time() + 5 * exports.DAY))
    assert "may not have them yet" in nothing_settles(db, command, file, *until)


def test_an_export_fetched_too_early_is_no_later_for_being_read_later(made, db, command, tmp_path):
    file = exports.openai_costs_json(tmp_path / "f", known(made))
    os.utime(file, (made.at + 600, made.at + 600))
    assert "may not have them yet" in nothing_settles(db, command, file)


@pytest.mark.parametrize("stated", [True, False])
def test_a_model_is_given_its_time_out(made, db, command, tmp_path, stated):
    """Stated in the sweep file; or, for two samples of 100,000 tokens, an hour."""
    with closing(sqlite3.connect(db)) as connection, connection:
        line = '"timeout_s" = 12000' if stated else ""
        connection.execute("UPDATE sweep_file SET text = replace(text, '\"timeout_s\" = 1', ?)", (line,))
        connection.execute("UPDATE request SET max_tokens = 100000")
    age(db, 0 if stated else 7000 - exports.AGO_S)
    file = exports.openai_costs_json(tmp_path / "f", known(made))
    assert "may not have them yet" in nothing_settles(db, command, file)


def test_settled_requests_that_may_be_missing_hold_back_the_silence_of_their_bucket(
    made, db, command, tmp_path
):
    """A run of this minute in the same bucket: the bill lacks its requests, so nothing would be left for the others."""
    file = exports.openai_costs_json(tmp_path / "f", made.bills)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(
            "UPDATE request SET reserved_at = :now, ended_at = :now WHERE id IN "
            "(SELECT max(id) FROM request WHERE state = 'settled' GROUP BY model_id)",
            {"now": time.time() - 60},
        )
    assert "may still be missing from the same time" in nothing_settles(db, command, file)


@pytest.mark.parametrize(("shift_s", "said"), [(7200, "2 h later"), (-19800, "5 h 30 min earlier")])
def test_local_times_are_named_and_book_nothing(made, db, command, tmp_path, shift_s, said):
    file = exports.litellm_json(tmp_path / "f", made.bills, made.at + shift_s)
    line = refused(db, command, file)
    assert said in line
    assert "export it in UTC" in line


def test_times_with_their_offset_are_taken(made, db, command, tmp_path):
    file = exports.litellm_json(tmp_path / "f", made.bills, made.at + 7200)
    file.write_text(file.read_text().replace("+00:00", "+02:00"))
    assert settle(command, db, "--usage", str(file))["applied"] is True
    check_books(db)


def times(bills, factor):
    return {name: [replace(bill, pico=int(bill.pico * factor)) for bill in of] for name, of in bills.items()}


def test_another_currency_is_a_factor_that_books_nothing(made, db, command, tmp_path):
    file = exports.litellm_json(tmp_path / "f", times(made.bills, 0.86), made.at)
    line = refused(db, command, file)
    assert "its costs are 0.86 times the ledger's" in line
    assert "--factor 0.86" in line
    assert "check --factor, which says 0.7" in refused(db, command, file, "--factor", "0.7")


def test_a_discount_is_accepted_in_words(made, db, command, tmp_path):
    cheaper = times(made.bills, 0.85)
    file = exports.litellm_json(tmp_path / "f", cheaper, made.at)
    settled = money(db).settled
    done = settle(command, db, "--usage", str(file), "--factor", "0.85")
    assert done["applied"] is True
    check_books(db)
    by_id = {(name, bill.request_id): bill.pico for name, of in cheaper.items() for bill in of}
    found = rows(
        db,
        "SELECT model.name, vendor_request, r.settled_pico FROM request AS r JOIN model ON model.id = r.model_id "
        "JOIN reconciled AS i ON i.request_id = r.id WHERE matched = 'request'",
    )
    assert all(pico == by_id[name, vendor_request] for name, vendor_request, pico in found)
    assert money(db).settled >= settled, "what replies said is not lowered"
    assert "isn't a factor" in command("reconcile", str(db), "--usage", str(file), "--factor", "0").stderr
    assert "add --usage" in command("reconcile", str(db), "--free", "--factor", "0.85").stderr


def test_a_discount_counts_in_buckets_too(made, db, command, tmp_path):
    """The bill is 15% less for the settled requests: the rest of it is for what is presumed."""
    cheaper = times(made.bills, 0.85)
    file = exports.openai_costs_json(tmp_path / "f", cheaper)
    done = settle(command, db, "--usage", str(file), "--factor", "0.85")
    assert done["applied"] is True
    check_books(db)
    bill = sum(bill.pico for of in cheaper.values() for bill in of)
    assert money(db).settled >= bill


def test_rows_that_differ_at_random_are_refused_without_a_factor_to_accept(made, db, command, tmp_path):
    odd = {
        name: [replace(bill, pico=int(bill.pico * (0.5 + 0.04 * i))) for i, bill in enumerate(of)]
        for name, of in made.bills.items()
    }
    line = refused(db, command, exports.litellm_json(tmp_path / "f", odd, made.at))
    assert "times the ledger's" in line
    assert "--factor" not in line


def test_a_request_that_was_billed_above_what_was_settled_is_raised_with_a_warning(
    made, db, command, tmp_path
):
    bills = known(made)
    more = {name: [replace(of[0], pico=of[0].pico * 3 // 2), *of[1:]] for name, of in bills.items()}
    before = {row["id"]: dict(row) for row in rows(db, "SELECT * FROM request")}
    file = exports.litellm_json(tmp_path / "f", more, made.at)
    shown = document(command("reconcile", str(db), "--usage", str(file), "--json"))
    assert all(model["raised"] == 1 for model in shown["models"].values())
    done = settle(command, db, "--usage", str(file))
    assert len(done["warnings"]) == 2
    assert "more than was settled for 1 of" in done["warnings"][0]
    check_books(db)
    changed = [
        row
        for row in rows(db, "SELECT * FROM request")
        if row["settled_pico"] != before[row["id"]]["settled_pico"]
    ]
    # Two vendors may count their requests alike.
    assert sorted((row["vendor_request"], row["settled_pico"]) for row in changed) == sorted(
        (of[0].request_id, of[0].pico) for of in more.values()
    )
    assert sums_agree(command, db)
    # A later export says still more of the same requests.
    most = {name: [replace(of[0], pico=of[0].pico * 2), *of[1:]] for name, of in bills.items()}
    settle(command, db, "--usage", str(exports.litellm_json(tmp_path / "g", most, made.at)))
    check_books(db)
    assert sums_agree(command, db)
    assert one(db, "SELECT count(*) FROM reconciled WHERE presumed_pico = 0") == 2


def sums_agree(command, db):
    found = json.loads(command("doctor", str(db), "--json").stdout)["findings"]
    return all(finding["state"] == "ok" for finding in found if finding["topic"] == "sums")


def test_more_than_was_reserved_for_a_settled_request_is_refused(made, db, command, tmp_path):
    file = exports.litellm_json(tmp_path / "f", times(known(made), 10**4), made.at)
    assert "above the" in refused(db, command, file)


HEADS = {
    "capitals": str.upper,
    "title": lambda name: name.replace("_", " ").title(),
    "camel": lambda name: name.split("_")[0] + "".join(map(str.title, name.split("_")[1:])),
}


@pytest.mark.parametrize("name", HEADS)
def test_column_names_are_taken_in_any_case(made, db, command, tmp_path, name):
    file = exports.openrouter_csv(tmp_path / "f", made.bills, made.at)
    assert settle(command, db, "--usage", str(_renamed(file, HEADS[name])))["applied"] is True
    check_books(db)


@pytest.mark.parametrize(
    "column", ["Currency", "cost_currency", "CURRENCY", "Billing Currency", "costCurrency"]
)
def test_another_currency_is_named_whatever_its_column_is_called(made, db, command, tmp_path, column):
    file = exports.openrouter_csv(tmp_path / "f", made.bills, made.at)
    assert "is in EUR, not in US dollars" in refused(db, command, _with(file, column, "EUR"))
    assert settle(command, db, "--usage", str(_with(file, column, "USD")))["applied"] is True


def test_a_currency_said_once_holds_for_all_rows(made, db, command, tmp_path):
    file = exports.litellm_json(tmp_path / "f", made.bills, made.at)
    file.write_text(json.dumps({"currency": "eur", "data": json.loads(file.read_text())}))
    assert "is in eur, not in US dollars" in refused(db, command, file)


def _table(file):
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def _renamed(file, head):
    return _written(file, [{head(name): value for name, value in row.items()} for row in _table(file)])


def _with(file, column, value):
    return _written(file, [{**row, column: value} for row in _table(file)])


def _written(file, table):
    with file.open("w", newline="") as text:
        writer = csv.DictWriter(text, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return file
