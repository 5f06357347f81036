"""`manyfew verify`: verdicts for what has none, or anew; spends nothing."""

import json

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run


def made(tmp_path):
    vendor = openai_vendor(answer=lambda _, i: f"so it is {i % 3}")
    db = tmp_path / "l.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=4, samples=6)
        assert run(sweep.write(tmp_path), db).status == 0
        return db, len(vendor.seen)


def test_what_has_no_verdict_is_judged_and_nothing_is_spent(command, tmp_path):
    import sqlite3

    db, _ = made(tmp_path)
    before, spent = one(db, "SELECT sum(passed) FROM sample_records"), money(db)
    with sqlite3.connect(db) as connection:
        connection.execute(
            "UPDATE sample SET passed = NULL, verifier = NULL, answer = NULL WHERE sample_index > 2"
        )
    connection.close()
    done = command("verify", str(db), "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["judged"] == 4 * 3
    assert one(db, "SELECT sum(passed) FROM sample_records") == before
    assert money(db) == spent
    check_books(db)
    assert json.loads(command("verify", str(db), "--json").stdout)["judged"] == 0


def test_an_unknown_kind_is_one_line(command, tmp_path):
    db, _ = made(tmp_path)
    done = command("verify", str(db), "--verifier", "alchemy")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--verifier" in done.stderr
    assert "numeric" in done.stderr
