"""`manyfew reprice`: a copy whose every cost is computed anew; the ledger stays as it is."""

from __future__ import annotations

import json

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.run.books import check_books, money, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, SweepFile, model, run


@pytest.fixture
def ledger(tmp_path):
    cheap = openai_vendor(
        prices=CHEAP_PRICES, cached_share=0.4, answer=lambda _, i: "x " * (i % 5) + f"#### {i % 3}"
    )
    expensive = openai_vendor()
    db = tmp_path / "l.db"
    with serving(cheap, expensive):
        models = {"cheap": model(cheap, max_n=3), "expensive": model(expensive)}
        assert run(SweepFile(models, samples=7).write(tmp_path), db).status == 0
    return db


def test_every_cost_is_computed_anew_and_adds_up(command, ledger, tmp_path):
    before, spent = ledger.read_bytes(), money(ledger, "expensive")
    done = command("reprice", str(ledger), "new.db", "--price", "cheap=2/1/6", "--json")
    assert done.returncode == 0, done.stderr
    assert ledger.read_bytes() == before
    new = tmp_path / "new.db"
    check_books(new)
    expected = sum(
        (r["prompt_tokens"] - r["cached_tokens"]) * 2_000_000
        + r["cached_tokens"] * 1_000_000
        + r["completion_tokens"] * 6_000_000
        for r in rows(
            new, "SELECT request.* FROM request JOIN model ON model.id = model_id WHERE alias = 'cheap'"
        )
    )
    assert money(new, "cheap").settled == expected
    assert money(new, "expensive") == spent
    document = json.loads(done.stdout)
    assert document["models"]["cheap"]["repriced_usd"] * 1e12 == pytest.approx(expected)
    assert one(new, "SELECT count(*) FROM sample_records") == one(
        ledger, "SELECT count(*) FROM sample_records"
    )


def test_its_own_price_changes_nothing(command, ledger, tmp_path):
    done = command("reprice", str(ledger), "same.db", "--price", "cheap=0.1/0.05/0.4")
    assert done.returncode == 0, done.stderr
    query = "SELECT model, problem, sample_index, cost_pico FROM sample_records ORDER BY 1, 2, 3"
    assert [tuple(r) for r in rows(tmp_path / "same.db", query)] == [tuple(r) for r in rows(ledger, query)]


def test_both_together_are_not_pooled(command, ledger, tmp_path):
    assert command("reprice", str(ledger), "new.db", "--price", "cheap=2/6").returncode == 0
    document = json.loads(command("frontier", str(ledger), "new.db", "--json").stdout)
    assert len(document["models"]) == 3, "expensive is the same in both, cheap is not"


def test_it_is_not_run_on(command, ledger, tmp_path):
    assert command("reprice", str(ledger), "new.db", "--price", "cheap=2/6").returncode == 0
    vendor = openai_vendor(prices=CHEAP_PRICES)
    with serving(vendor):
        path = SweepFile({"cheap": model(vendor, max_n=3)}, samples=9).write(tmp_path, "again.toml")
        done = command("run", str(path), "--db", "new.db", "--no-progress")
    assert (done.returncode, len(vendor.seen)) == (2, 0)
    assert "repriced" in done.stderr


def test_imported_samples_are_priced_by_their_own_tokens(command, tmp_path):
    db = make_ledger(tmp_path / "i.db", {"m": Made({"p": counted(3, 1)}, tokens=(10, 20))})
    assert command("reprice", str(db), "new.db", "--price", "m=1/2").returncode == 0
    assert one(tmp_path / "new.db", "SELECT sum(cost_pico) FROM sample") == 3 * (10 * 10**6 + 20 * 2 * 10**6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the new prices are missing"),
        (["--price", "nobody=1/2"], "one of cheap, expensive"),
        (["--price", "cheap"], "one of cheap, expensive"),
        (["--price", "cheap=-1/2"], "isn't a price"),
        (["--price", "cheap=nothing/like/it/at-all"], "names nothing in the price book"),
        (["--on", "yesterday"], "isn't a date"),
        (["--on", "2026-01-01"], "--price cheap=IN/OUT"),
        (["l.db", "--price", "cheap=1/2"], "l.db"),
    ],
)
def test_wrong_input_is_one_line(command, ledger, arguments, said):
    before = ledger.read_bytes()
    done = command("reprice", str(ledger), *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
    assert ledger.read_bytes() == before
