"""Each command over one small ledger: a document for programs, sentences for people, one line for what is wrong."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import zipfile
from collections import deque
from contextlib import closing
from fractions import Fraction

import pytest

from orchestrator.cli.leaving import say_left
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.score_wire import score_vendor
from tests.orchestrator.compared_ledger import PROBLEMS, compared_ledger
from tests.orchestrator.run.books import check_books, money
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, USD, SweepFile, model, run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return compared_ledger(tmp_path_factory.mktemp("compared") / "l.db")


@pytest.fixture
def db(made, tmp_path):
    return shutil.copy(made, tmp_path / "l.db")


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    """A ledger that a run made, with one request of unknown outcome."""
    folder = tmp_path_factory.mktemp("run")
    cheap = openai_vendor(prices=CHEAP_PRICES, latency=0.0)
    expensive = openai_vendor(latency=0.0, faults=deque([faults.NO_USAGE]))
    with serving(cheap, expensive):
        sweep = SweepFile({"cheap": model(cheap), "expensive": model(expensive)}, problems=3, samples=2)
        assert run(sweep.write(folder), folder / "l.db").status == 0
    return folder / "l.db"


@pytest.fixture
def own(run_once, tmp_path):
    return shutil.copy(run_once, tmp_path / "l.db")


def document(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done, *parts):
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    assert done.stderr.count("\n") == 1
    for part in parts:
        assert part in done.stderr


READING = {
    "status": ("cheap", "expensive", "settled"),
    "compare": ("cheap", "expensive", "provider"),
    "frontier": ("cheap", "expensive"),
    "doctor": ("sums",),
    "reconcile": ("expensive", "presumed"),
}


@pytest.mark.parametrize("name", READING)
def test_a_reading_command_speaks_to_people_and_to_programs(command, own, name):
    before = own.read_bytes()
    shown = command(name, str(own))
    assert shown.returncode == 0, shown.stderr
    for part in READING[name]:
        assert part in shown.stdout
    assert "\x1b" not in shown.stdout
    assert isinstance(document(command(name, str(own), "--json")), dict)
    assert own.read_bytes() == before


@pytest.mark.parametrize(
    "name", [*READING, "watch", "verify", "merge", "backup", "cancel", "export", "reprice"]
)
def test_a_missing_file_is_one_line(command, tmp_path, name):
    more = {
        "merge": ["out.db", "l.db"],
        "backup": ["copy.db"],
        "export": ["--format", "csv"],
        "reprice": ["--price", "cheap=1/1"],
    }
    names = more.get(name, [])
    arguments = [*names[:1], "missing.db", *names[1:]] if name == "merge" else ["missing.db", *names]
    refused(command(name, *arguments), "missing.db")
    assert list(tmp_path.iterdir()) == []


def test_watch_shows_the_last_figures_of_a_run_that_is_over(command, db):
    shown = command("watch", str(db))
    assert shown.returncode == 0
    assert "cheap" in shown.stdout


class TestReconcile:
    def test_a_proposal_books_nothing_without_yes(self, command, own):
        before = own.read_bytes()
        shown = command("reconcile", str(own), "--free")
        assert "Add --yes to book it" in shown.stdout
        assert document(command("reconcile", str(own), "--free", "--json"))["applied"] is False
        assert own.read_bytes() == before

    def test_yes_books_it_and_a_second_time_there_is_nothing(self, command, own):
        assert money(own).presumed > 0
        assert "Booked." in command("reconcile", str(own), "--free", "--yes").stdout
        assert money(own).presumed == 0
        assert "There is nothing to book." in command("reconcile", str(own), "--free", "--yes").stdout

    def test_a_typed_bill_settles_the_difference(self, command, own):
        before = money(own, "expensive").settled
        billed = str(Fraction(before, USD) + Fraction("0.00001"))
        bill = f"{float(Fraction(billed)):.12f}"
        done = command("reconcile", str(own), "--model", "expensive", "--billed", bill, "--yes", "--json")
        assert document(done)["applied"] is True
        assert money(own, "expensive").settled == before + 10**7
        assert money(own).presumed == 0

    @pytest.mark.parametrize(
        ("flags", "parts"),
        [
            (["--free", "--billed", "1"], ("can't be combined", "use one of them")),
            (["--yes"], ("figures are missing", "--usage FILE")),
            (["--model", "cheap"], ("figures are missing",)),
            (["--free", "--factor", "0.85"], ("--factor", "--usage FILE")),
            (["--usage", "x.csv", "--factor", "zero"], ("--factor", "'zero'", "0.85")),
            (["--usage", "x.csv", "--factor", "1/0"], ("--factor",)),
            (["--usage", "x.csv", "--factor", "-1"], ("--factor",)),
            (["--free", "--since", "yesterday"], ("--since", "2026-11-24")),
            (["--free", "--since", "2026-11-24", "--until", "2026-11-23"], ("--until", "--since")),
            (["--billed", "much"], ("--billed",)),
            (["--usage", "nowhere.csv"], ("nowhere.csv",)),
            (["--free", "--model", "nobody"], ("nobody",)),
        ],
    )
    def test_what_can_not_be_booked_is_one_line(self, command, own, flags, parts):
        before = own.read_bytes()
        refused(command("reconcile", str(own), *flags), *parts)
        assert own.read_bytes() == before


class TestReprice:
    def test_other_prices_are_shown_beside_what_was_booked(self, command, db):
        shown = command("reprice", str(db), "--price", "cheap=0.1/0.4")
        assert "as booked" in shown.stdout
        assert (
            "cheap" in document(command("reprice", str(db), "--price", "cheap=0.1/0.4", "--json"))["models"]
        )

    def test_a_ledger_at_the_new_prices_is_made_once(self, command, db, tmp_path):
        other = tmp_path / "other.db"
        shown = command("reprice", str(db), str(other), "--price", "cheap=0/0")
        assert "Next: manyfew frontier" in shown.stdout
        assert money(other, "expensive") == money(db, "expensive")
        refused(command("reprice", str(db), str(other), "--price", "cheap=0/0"), "other.db")


class TestMerge:
    def test_the_same_samples_twice_and_a_ledger_alone_are_refused(self, command, db, tmp_path):
        refused(command("merge", "out.db", str(db), str(db)), "l.db")
        refused(command("merge", "out.db", str(db)), "can't be merged", "manyfew merge OUT DB DB")
        assert not (tmp_path / "out.db").exists()


class TestBackup:
    def test_a_copy_is_whole_and_never_overwrites(self, command, own, tmp_path):
        shown = command("backup", str(own), "copy.db")
        assert "samples" in shown.stdout
        assert money(tmp_path / "copy.db") == money(own)
        check_books(tmp_path / "copy.db")
        refused(command("backup", str(own), "copy.db"), "copy.db")
        found = document(command("backup", str(own), "second.db", "--json"))
        assert found["samples"] == 12


class TestExport:
    def test_csv_and_json_lines_hold_the_same_samples(self, command, db):
        table = list(csv.DictReader(io.StringIO(command("export", str(db), "--format", "csv").stdout)))
        lines = command("export", str(db), "--format", "jsonl").stdout.splitlines()
        assert len(table) == len(lines) == 2 * PROBLEMS * 30
        first = json.loads(lines[0])
        assert (table[0]["problem"], int(table[0]["cost_pico"])) == (first["problem"], first["cost_pico"])

    def test_a_bundle_is_a_zip_and_is_written_once(self, command, db, tmp_path):
        done = command("export", str(db), "--format", "bundle", "-o", "b.zip")
        assert done.returncode == 0
        assert "with everything that made them" in done.stderr
        assert zipfile.ZipFile(tmp_path / "b.zip").testzip() is None
        refused(command("export", str(db), "--format", "bundle", "-o", "b.zip"), "b.zip")

    def test_parquet_is_a_file_of_its_own(self, command, db, tmp_path):
        parquet = pytest.importorskip("pyarrow.parquet")
        assert command("export", str(db), "--format", "parquet", "-o", "s.parquet").returncode == 0
        assert parquet.read_metadata(tmp_path / "s.parquet").num_rows == 2 * PROBLEMS * 30

    @pytest.mark.parametrize(
        ("flags", "parts"),
        [
            (["--format", "xml"], ("--format", "'xml'", "jsonl or csv")),
            (["--format", "bundle"], ("can't be written to stdout", "-o FILE")),
        ],
    )
    def test_an_unknown_format_is_one_line(self, command, db, flags, parts):
        refused(command("export", str(db), *flags), *parts)


class TestPlanNext:
    def test_the_sweep_that_it_writes_is_planned(self, command, db, tmp_path):
        (tmp_path / "problems.jsonl").write_text(
            "".join(
                json.dumps({"id": f"p.{at}", "question": "?", "answer": "1"}) + "\n" for at in range(PROBLEMS)
            )
        )
        shown = command("plan", str(db), "--next", "0.5", "-o", "next.toml")
        assert shown.returncode == 0, shown.stderr
        assert "Next: manyfew run next.toml" in shown.stdout
        assert "samples" in (tmp_path / "next.toml").read_text()
        refused(command("plan", str(db), "--next", "0.5", "-o", "next.toml"), "next.toml")
        assert document(command("plan", str(db), "--next", "0.5", "--json"))["next_usd"] == 0.5

    @pytest.mark.parametrize(
        ("flags", "parts"),
        [
            (["--next", "0"], ("--next", "more than 0")),
            (["--pair", "cheap", "expensive"], ("--pair", "--next USD")),
            (["-o", "x.toml"], ("--output", "--next USD")),
        ],
    )
    def test_flags_that_lack_another_are_one_line(self, command, db, flags, parts):
        refused(command("plan", str(db), *flags), *parts)


class TestCancel:
    def test_a_sweep_without_open_batches_says_so(self, command, tmp_path):
        vendor = openai_vendor(latency=0.0)
        with serving(vendor):
            path = SweepFile({"m": model(vendor)}, problems=2, samples=2).write(tmp_path)
            assert command("run", str(path), "--db", "c.db", "--no-progress").returncode == 0
            done = command("cancel", str(path), "--db", "c.db", "--json")
        assert document(done)["samples"]["done"] == 4
        assert "has no open batch" in done.stderr


class TestVerifyByARewardModel:
    def test_scores_are_bought_within_the_budget(self, command, tmp_path):
        vendor, judge = openai_vendor(latency=0.0), score_vendor()
        with serving(vendor, judge):
            options = [
                "--option=model=rm",
                f'--option=servers=["{judge.base_url}"]',
                "--option=price={input = 0.1}",
            ]
            path = SweepFile({"m": model(vendor)}, problems=2, samples=2).write(tmp_path)
            assert command("run", str(path), "--db", "r.db", "--no-progress").returncode == 0
            refused(command("verify", "r.db", "--verifier", "reward", *options), "--budget")
            shown = command("verify", "r.db", "--verifier", "reward", "--budget", "1", *options)
            again = document(
                command("verify", "r.db", "--verifier", "reward", "--budget", "1", "--json", *options)
            )
        assert shown.returncode == 0, shown.stderr
        assert "scored by rm" in shown.stdout
        assert (again["status"], again["lacking"]) == ("complete", 0)


class TestLeaving:
    @pytest.mark.parametrize("booked", [True, False])
    def test_the_last_line_says_what_became_of_the_money(self, capsys, tmp_path, booked):
        say_left(booked, tmp_path / "l.db", json_wanted=True)
        out, err = capsys.readouterr()
        assert json.loads(out)["status"] == "error"
        assert ("everything is booked" in err) is booked
        assert ("worst case" in err) is not booked


def test_a_row_whose_problem_is_gone_is_named(command, db):
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE sample SET problem_id = 999 WHERE id = (SELECT min(id) FROM sample)")
    refused(command("frontier", str(db)), "l.db", "damaged", "its problem is gone", "manyfew doctor")
