"""`manyfew compare`: what was paid in fact, what was wasted, and whether two vendors of a model pass alike."""

from __future__ import annotations

import json

import pytest

from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, SweepFile, model, run
from tests.orchestrator.sample_files import write


@pytest.fixture
def ledger(tmp_path):
    first = openai_vendor(answer=lambda _, i: f"#### {i % 4}", cached_share=0.5, latency=0.01)
    second = openai_vendor(answer=lambda _, i: f"#### {i % 4}", prices=CHEAP_PRICES)
    second.fault_rates = {faults.RESET_BILLED: 0.1}
    db = tmp_path / "l.db"
    with serving(first, second):
        models = {"first": model(first, max_n=1), "second": model(second, max_n=2)}
        assert run(SweepFile(models, problems=12, samples=6).write(tmp_path), db).status in (0, 1)
    return db


def test_json_says_what_was_paid_and_wasted(command, ledger):
    done = command("compare", str(ledger), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    first, second = document["models"]["first"], document["models"]["second"]
    assert first["settled_usd"] * 1e12 == pytest.approx(money(ledger, "first").settled)
    assert first["samples"] == 72
    assert first["samples_per_request"] == 1
    tokens = one(ledger, "SELECT sum(completion_tokens) FROM sample_records WHERE model = 'first'")
    assert first["output_tokens_per_sample"] == pytest.approx(tokens / 72)
    assert 0.3 < first["cached_share"] < 0.6
    saved = one(ledger, "SELECT sum(cached_tokens) FROM sample_records WHERE model = 'first'") * 2.5e-6
    assert first["cache_saved_usd"] == pytest.approx(saved)
    assert first["latency_s"]["p50"] >= 0.01
    assert second["presumed_usd"] > 0
    assert second["waste"] > 0.01
    assert any("second" in warning for warning in document["warnings"])
    (pair,) = document["pairs"]
    assert pair["same_model"]
    assert pair["problems"] == 12
    assert pair["low"] <= pair["pass_rate_difference"] <= pair["high"]


def test_text_fits_narrow_terminals(command, ledger):
    for width in ("50", "80", "200"):
        done = command("compare", str(ledger), COLUMNS=width)
        assert done.returncode == 0
        assert "no difference seen" in done.stdout or "passes more often" in done.stdout
        assert "caching saved" in done.stdout


@pytest.mark.parametrize("texts", [False, True], ids=["no texts", "texts"])
def test_one_file_in_two_ledgers_counts_once(command, tmp_path, texts):
    def lines(solved):
        return [
            {"model": "m", "problem": f"p{at}", "sample_index": k, "passed": solved(at, k)}
            | ({"text": f"{at}, {k}: so it is {at * k}"} if texts else {})
            for at in range(6)
            for k in range(10)
        ]

    def put(db, *found):
        write(tmp_path / "s.jsonl", *found)
        assert command("import", "s.jsonl", "--db", db).returncode == 0

    put("a.db", *lines(lambda at, k: int(k < at)))
    put("b.db", *lines(lambda at, k: int(k < at)))
    put("c.db", *lines(lambda at, k: int(k >= 10 - at)))

    def samples(*dbs):
        return json.loads(command("frontier", *dbs, "--json").stdout)["models"]["m"]["samples"]

    assert samples("a.db", "b.db") == 60
    if texts:
        put("d.db", *({**line, "text": f"no, {line['text']}"} for line in lines(lambda at, k: int(k < at))))
        assert samples("a.db", "d.db") == 120, "other texts are other draws"
    else:
        assert samples("a.db", "c.db") == 120, "so are others that pass"


def test_two_ledgers_with_one_alias_are_told_apart(command, ledger, tmp_path):
    import shutil
    import sqlite3
    from contextlib import closing

    other = tmp_path / "other.db"
    shutil.copy(ledger, other)
    document = json.loads(command("compare", str(ledger), str(other), "--json").stdout)
    assert set(document["models"]) == {"first", "second"}, "a backup holds the same draws"
    assert "other.db holds the same draws again; they are counted once" in document["warnings"]
    assert len(document["pairs"]) == 1
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE sample SET created_at = created_at + 60, latency_s = latency_s + 1")
    document = json.loads(command("compare", str(ledger), str(other), "--json").stdout)
    assert set(document["models"]) == {"first@test", "second@test", "first@test#2", "second@test#2"}


def test_no_ledger_is_one_line(command, tmp_path):
    done = command("compare", "missing.db")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
