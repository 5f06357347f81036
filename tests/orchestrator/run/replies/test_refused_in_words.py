"""What a run makes of refusals in a vendor's own words: it learns, waits, fails one problem or stops the model."""

from __future__ import annotations

import time
from typing import Any

import pytest

from orchestrator.ledger.reading.money.status import read_status
from orchestrator.report.terminal.failed_samples import failure_lines
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Asked, Said
from tests.orchestrator.run.books import check_bill, check_books, money, one, rows, sample_keys, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    "message",
    [
        "Multiple candidates is not enabled for this model",
        "Request validation failed",  # no word of what it is about
        "你的请求有误",
    ],
)
def test_an_endpoint_that_takes_one_sample_is_learnt_in_any_words(tmp_path, message):
    vendor = openai_vendor()
    vendor.says = lambda asked: Said(400, error(message)) if asked.n > 1 else None
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, 10 * USD):
        path = SweepFile({"m": model(vendor)}, problems=3, samples=4).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
    assert len(sample_keys(db)) == len(vendor.billed) == 12
    assert len(vendor.seen) <= 12 + 4
    assert one(db, "SELECT max_n FROM model") == 1
    assert money(db).presumed == 0


def test_a_bad_prompt_teaches_nothing_of_n(tmp_path):
    vendor = openai_vendor()
    vendor.says = lambda asked: Said(400, error("Bad request")) if "What is 0" in asked.prompt else None
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = model(vendor, limits={"concurrency": 1})
        ended = run(SweepFile({"m": keys}, problems=4, samples=4).write(tmp_path), db)
    assert ended.status == 1
    check_books(db)
    assert len(sample_keys(db)) == 12
    assert one(db, "SELECT sum(n) FROM failure") == 4
    assert [seen.body.get("n", 1) for seen in vendor.seen][-1] == 4
    assert one(db, "SELECT max_n FROM model") is None
    (line,) = failure_lines(read_status(db))
    assert line.startswith("4 samples of m failed, bad request (free)")
    assert line.endswith("HTTP 400: Bad request")


def test_a_200_that_says_no_credit_stops_the_model_and_stays_presumed(tmp_path):
    vendor = openai_vendor()
    body = {
        "choices": None,
        "usage": None,
        "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"},
    }
    vendor.says = lambda asked: Said(200, body)
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, 10 * USD):
        ended = run(SweepFile({"m": model(vendor)}).write(tmp_path), db)
    assert ended.status == 4
    check_books(db)
    assert len(vendor.seen) <= 4
    assert money(db).settled == 0
    left = rows(
        db, "SELECT reserved_pico FROM request WHERE state != 'free'"
    )  # free: it had not left by then
    assert money(db).presumed == sum(row["reserved_pico"] for row in left) > 0
    assert "insufficient balance" in str(ended.result.reason)


def test_a_limit_inside_a_200_waits_and_is_given_up_for_its_money(tmp_path):
    """Each of its attempts is counted at its worst case, so that only a few are made."""
    vendor = openai_vendor()
    vendor.says = lambda asked: Said(200, error("Provider returned error", code=429))
    db = tmp_path / "test.db"
    began = time.monotonic()
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor)}, problems=1, samples=1).write(tmp_path), db)
    assert ended.status == 1
    assert time.monotonic() - began > 1
    check_books(db)
    assert len(vendor.seen) == 3
    (line,) = failure_lines(read_status(db))
    assert "their requests hold $" in line
    assert "Provider returned error" in line


@pytest.mark.parametrize("status", [500, 503])
def test_a_model_that_is_loading_is_waited_for(tmp_path, status):
    vendor = openai_vendor()
    ready_at = time.monotonic() + 5

    def says(asked: Asked) -> Said | None:
        return Said(status, error("Loading model", code=status)) if time.monotonic() < ready_at else None

    vendor.says = says
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = model(vendor, free_5xx=True, max_attempts=2)
        ended = run(SweepFile({"m": keys}, problems=1, samples=1).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert len(vendor.seen) < 8
    assert money(db).presumed == 0


def test_a_model_that_loads_beyond_max_wait_s_is_given_up_with_its_words(tmp_path):
    vendor = openai_vendor()
    vendor.says = lambda asked: Said(503, error("Loading model"))
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = model(vendor, free_5xx=True, max_wait_s=3)
        ended = run(SweepFile({"m": keys}, problems=1, samples=1).write(tmp_path), db)
    assert ended.status == 4
    assert "Loading model" in str(ended.result.reason)
    assert "no answer" not in str(ended.result.reason)
