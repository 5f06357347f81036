"""Ledgers that manyfew 0.1 made, at every moment that a run can leave one: they are read as they are, and the next run
brings them up, keeps a copy, and raises what 0.1 booked too low."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.booking.former_rules import FORMER
from orchestrator.ledger.file.identity import SCHEMA_VERSION, check
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.writing.rebooking.under_booked import raise_under_booked
from providers.batch import custom_id
from tests.loopback.batch_wire import BatchDesk
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.ledger.file.of_0_1.make import ALL, EU, LONG, SHORT
from tests.orchestrator.run.batches.batch_sweeps import DESKS, KEY, batch_model, with_keys
from tests.orchestrator.run.books import check_bill, check_books, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "of_0_1"
NAMES = [make.__name__ for make in ALL]
READING = (
    ("status", "a.db", "--json"),
    ("frontier", "a.db", "--json"),
    ("compare", "a.db", "--json"),
    ("doctor", "a.db", "--json"),
    ("export", "a.db", "--format", "jsonl", "-o", "out.jsonl"),
    ("export", "a.db", "--format", "csv", "-o", "out.csv"),
    ("export", "a.db", "--format", "bundle", "-o", "bundle"),
    ("reprice", "a.db", "--price", "m=openai/gpt-4o"),
    ("backup", "a.db", "copy.db"),
)


def load(name: str, folder: Path) -> Path:
    """The ledger, and the sweep file and problems that made it."""
    text = (HERE / f"{name}.sql").read_text(encoding="utf-8").replace(SHORT, LONG)
    db = folder / "a.db"
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.executescript(text)
        connection.execute("PRAGMA journal_mode = WAL")
    for row in rows(db, "SELECT text FROM sweep_file"):
        (folder / "sweep.toml").write_text(row["text"])
    problems = [json.loads(row["data"]) for row in rows(db, "SELECT data FROM problem ORDER BY ordinal")]
    (folder / "problems.jsonl").write_text("".join(json.dumps(problem) + "\n" for problem in problems))
    return db


def contents(db: Path) -> list[str]:
    with closing(sqlite3.connect(f"{db.as_uri()}?mode=ro", uri=True)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return [str(version), *connection.iterdump()]


def held(db: Path) -> dict[str, int]:
    """Settled + presumed + reserved by model."""
    sql = "SELECT alias, settled_pico + presumed_pico + reserved_pico AS held FROM model"
    return {row["alias"]: row["held"] for row in rows(db, sql)}


def run_without_money(command, *more: str):
    """A run whose budget is exceeded already: it begins, and sends nothing."""
    keys = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}
    return command(
        "run", "sweep.toml", "--db", "a.db", "--budget", "0.000001", "--no-progress", *more, **keys
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_reading_command_takes_it_as_it_is(name, tmp_path, command):
    db = load(name, tmp_path)
    before = contents(db)
    db.chmod(0o444)
    for arguments in READING:
        if "m=openai/gpt-4o" in arguments and name == "too_low":
            continue  # it has no model of that name
        done = command(*arguments)
        assert done.returncode in (0, 1 if arguments[0] == "doctor" else 0), (arguments, done.stderr)
        if arguments[0] == "doctor":
            wrong = [one for one in json.loads(done.stdout)["findings"] if one["state"] == "missing"]
            assert [one for one in wrong if one["topic"] in ("ledger", "sums", "rows")] == []
    assert contents(db) == before
    assert not (tmp_path / "a.db.lock").exists()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("open_batch", "too_low", "merged")])
def test_a_run_brings_it_up_keeps_a_copy_and_every_sum(name, tmp_path, command):
    db = load(name, tmp_path)
    before, sums = contents(db), held(db)
    done = run_without_money(command)
    assert done.returncode == 3, done.stderr
    assert check(db) == SCHEMA_VERSION
    assert contents(tmp_path / "a.schema-1.db") == before
    assert held(db) == sums
    assert "manyfew 0.1 counted" not in done.stdout
    assert rows(db, "SELECT 1 FROM request WHERE state = 'reserved'") == []
    check_books(db)
    assert command("doctor", "a.db").returncode == 0


def test_a_run_raises_what_was_booked_too_low(tmp_path, command):
    db = load("too_low", tmp_path)
    sums = held(db)
    requests = {row["id"]: row for row in rows(db, "SELECT * FROM request")}
    found = {one["topic"]: one for one in json.loads(command("doctor", "a.db", "--json").stdout)["findings"]}
    short = found["booked low"]
    assert "manyfew 0.1 counted 8 requests at" in short["text"]
    assert "request 1 of zeros (its counts contradict its texts (no input tokens))" in short["text"]

    done = run_without_money(command)
    assert done.returncode == 3, done.stderr
    assert "manyfew 0.1 counted 8 requests at" in done.stdout
    aliases = {row["id"]: row["alias"] for row in rows(db, "SELECT id, alias FROM model")}
    for row in rows(db, "SELECT * FROM request"):
        was, alias = requests[row["id"]], aliases[row["model_id"]]
        if alias == "right":
            assert (row["settled_pico"], row["raised_from_pico"]) == (was["settled_pico"], None)
            continue
        assert row["raised_from_pico"] == was["settled_pico"]
        if alias == "zeros":
            assert (row["state"], row["presumed_pico"], row["error"]) == (
                "presumed",
                was["reserved_pico"],
                "BadCounts",
            )
        elif alias == "claude":  # a quarter of the input's $3 more for each of 605 tokens written
            assert row["settled_pico"] - was["settled_pico"] == 605 * 750_000
        else:
            assert row["server"] == EU
            assert row["settled_pico"] * 10 == was["settled_pico"] * 11
    after = held(db)
    assert after["right"] == sums["right"]
    more = sum(after.values()) - sum(sums.values())
    assert more > 0
    assert f"${more / USD:.3g} less" in done.stdout
    assert f"${more / USD:.3g} less" in short["text"]
    check_books(db)
    # once is enough
    again = run_without_money(command)
    assert "manyfew 0.1 counted" not in again.stderr
    assert held(db) == after
    assert not [
        one
        for one in json.loads(command("doctor", "a.db", "--json").stdout)["findings"]
        if one["topic"] == "booked low"
    ]


def test_a_run_goes_on_where_it_was_killed(tmp_path):
    db = load("in_flight", tmp_path)
    sums = held(db)
    vendor = openai_vendor()
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=2)}, problems=3).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0
    assert ended.result.presumed_leftovers == 4
    assert held(db)["m"] == sums["m"] + vendor.billed_pico
    check_books(db)


def the_batch_at(desk: BatchDesk, db: Path) -> None:
    """The vendor has the batch of the ledger."""
    (job,) = rows(db, "SELECT * FROM batch_job")
    asked = rows(
        db,
        "SELECT r.id, r.n, p.key, p.data FROM request AS r JOIN problem AS p ON p.id = r.problem_id ORDER BY r.id",
    )
    bodies = [
        {
            "model": "m",
            "messages": [{"role": "user", "content": json.loads(row["data"])["question"]}],
            "n": row["n"],
            "max_completion_tokens": 64,
        }
        for row in asked
    ]
    names = [custom_id(job["marker"], row["id"]) for row in asked]
    made = desk.make(list(zip(names, bodies, strict=True)), {"manyfew": job["marker"]})
    assert made.id == job["vendor_batch"]


def test_an_open_batch_is_booked_by_the_next_run(tmp_path, monkeypatch):
    with_keys(monkeypatch)
    db = load("open_batch", tmp_path)
    desk = DESKS["openai"]()
    the_batch_at(desk, db)
    with serving(desk.vendor):
        path = SweepFile({"m": batch_model(desk)}, problems=3, samples=2).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0
    assert desk.created == 1  # nothing was bought again
    assert len(rows(db, "SELECT 1 FROM sample")) == 6
    check_bill(db, {"m": desk.vendor}, 10 * USD)
    check_books(db)


def test_cancel_ends_an_open_batch_and_books_it(tmp_path, monkeypatch, command):
    with_keys(monkeypatch)
    db = load("open_batch", tmp_path)
    desk = DESKS["openai"]()
    desk.held.set()
    the_batch_at(desk, db)
    with serving(desk.vendor):
        SweepFile({"m": batch_model(desk)}, problems=3, samples=2).write(tmp_path)
        done = command("cancel", "sweep.toml", "--db", "a.db", OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert desk.cancelled == 1
    assert check(db) == SCHEMA_VERSION
    assert rows(db, "SELECT 1 FROM request WHERE state = 'reserved'") == []
    check_bill(db, {"m": desk.vendor}, 10 * USD)
    check_books(db)


@pytest.fixture
def refused(tmp_path, monkeypatch, command):
    """A batch that 0.1 sent with a field that is refused since, and its sweep file."""
    with_keys(monkeypatch)
    db = load("open_batch", tmp_path)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(
            """UPDATE model SET definition = json_set(definition, '$.extra', json('{"search": {"on": true}}'))"""
        )
        connection.commit()
    desk = DESKS["openai"]()
    the_batch_at(desk, db)

    def do(name: str):
        SweepFile({"m": batch_model(desk, extra={"search": {"on": True}})}, problems=3, samples=2).write(
            tmp_path
        )
        return command(name, "sweep.toml", "--db", "a.db", OPENAI_API_KEY=KEY)

    return db, desk, do


def test_a_sweep_file_that_is_refused_since_can_be_cancelled(refused):
    db, desk, do = refused
    desk.held.set()
    with serving(desk.vendor):
        done = do("cancel")
    assert done.returncode == 0, done.stderr
    assert (desk.created, desk.cancelled) == (1, 1)
    assert rows(db, "SELECT 1 FROM request WHERE state = 'reserved'") == []
    check_bill(db, {"m": desk.vendor}, 10 * USD)
    check_books(db)


@pytest.mark.parametrize("over", [True, False])
def test_a_run_that_is_refused_since_books_what_open_batches_bring(refused, over):
    db, desk, do = refused
    if not over:
        desk.held.set()
    with serving(desk.vendor):
        done = do("run")
    assert done.returncode == 2, done.stderr
    assert "extra.search: is not allowed in extra: it changes what a request costs" in done.stderr
    assert desk.created == 1
    assert desk.vendor.seen == []
    assert len(rows(db, "SELECT 1 FROM sample")) == (6 if over else 0)
    assert len(rows(db, "SELECT 1 FROM batch_job WHERE ended_at IS NULL")) == (0 if over else 1)
    check_books(db, ended=over)


def test_a_key_that_a_stored_definition_lacks_stands_for_its_default(tmp_path, command):
    db = load("open_lease", tmp_path)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(
            "UPDATE model SET definition = json_remove(definition, '$.mode', '$.api', '$.server_defaults')"
        )
        connection.commit()
    assert run_without_money(command).returncode == 3


def test_what_an_open_batch_still_brings_is_booked_at_todays_price(tmp_path):
    db = load("open_batch", tmp_path)
    with acquire(db), closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("UPDATE model SET provider = 'anthropic', name = 'claude-sonnet-4-5'")
        assert raise_under_booked(connection, FORMER).requests == 0
        connection.commit()
    (job,) = rows(db, "SELECT price FROM batch_job")
    (band,) = json.loads(job["price"])["bands"]
    assert (band["input"], band["cache_write"], band["cache_write_1h"]) == ("2.5", "3.125", "5")


@pytest.mark.parametrize("raised", [False, True])
def test_a_bundle_keeps_by_which_rules_it_was_booked(tmp_path, command, raised):
    db = load("too_low", tmp_path)
    if raised:
        run_without_money(command)
    assert command("export", "a.db", "--format", "bundle", "-o", "b.zip").returncode == 0
    done = command("import", "b.zip", "--db", "c.db")
    assert done.returncode == 0, done.stderr
    again = tmp_path / "c.db"
    assert {row["rules"] for row in rows(again, "SELECT rules FROM run")} == {2 if raised else 1}
    before = "SELECT id, raised_from_pico FROM request WHERE raised_from_pico IS NOT NULL"
    assert len(rows(again, before)) == (8 if raised else 0)
    found = json.loads(command("doctor", "c.db", "--json").stdout)["findings"]
    assert bool([one for one in found if one["topic"] == "booked low"]) != raised
    assert held(again)["right"] == held(db)["right"]
