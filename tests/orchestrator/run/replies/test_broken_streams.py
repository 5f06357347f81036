"""A streamed reply that breaks off: what it brought is kept and not asked again, what it cost stays presumed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, money, one, rows, sample_keys, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

STREAMED: dict[str, Any] = {"timeout_s": 400}


def several(prompt: str, index: int) -> str:
    return f"answer {index} " + "and so on " * (3 * index + 1) + "#### 0"


@pytest.mark.parametrize("fault", [faults.CUT_STREAM, faults.ERROR_EVENT], ids=str)
def test_only_the_missing_samples_are_asked_again(tmp_path, fault):
    vendor = openai_vendor(answer=several, faults=[fault])
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, 10 * USD):
        sweep = SweepFile({"m": model(vendor, max_n=4, **STREAMED)}, problems=1, max_tokens=200)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert [key[2] for key in sorted(sample_keys(db))] == [0, 1, 2, 3]
    first, second = rows(db, "SELECT * FROM request ORDER BY id")
    assert (first["state"], first["error"]) == ("presumed", "Lost")
    assert first["presumed_pico"] == first["reserved_pico"] > vendor.billed[0].pico
    assert first["vendor_request"] == vendor.billed[0].request_id
    assert second["state"] == "settled"
    assert second["settled_pico"] == vendor.billed[1].pico
    kept = rows(db, "SELECT * FROM sample_records WHERE request = ? ORDER BY sample_index", first["id"])
    assert 1 <= len(kept) < 4
    assert {row["sample_index"] for row in kept}.isdisjoint(json.loads(second["indices"]))
    assert len(kept) + second["n"] == 4
    for row in kept:
        assert (row["cost_pico"], row["cost_basis"]) == (0, "none")
        assert row["text"] == several("", row["sample_index"])
        assert row["passed"] is not None, "and it is judged"
    assert [seen.body.get("n", 1) for seen in vendor.seen] == [4, 4 - len(kept)]
    assert any("samples were whole" in warning for warning in ended.result.warnings)


def test_a_stream_that_breaks_after_its_last_sample_is_not_asked_again(tmp_path):
    vendor = openai_vendor(faults=[faults.CUT_STREAM])
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=1, **STREAMED)}, problems=1, samples=1)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert len(vendor.seen) == 1
    assert len(sample_keys(db)) == 1
    assert money(db).settled == 0
    assert money(db).presumed >= vendor.billed_pico > 0


def test_a_server_whose_time_is_paid_settles_what_a_broken_stream_brought(tmp_path):
    vendor = openai_vendor(flavour="vllm", answer=several, faults=[faults.CUT_STREAM], latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor):
        server = {
            "provider": "vllm",
            "model": "m",
            "servers": [vendor.base_url],
            "gpu_usd_per_hour": 2.5,
            "max_n": 4,
            **STREAMED,
        }
        ended = run(SweepFile({"m": server}, problems=1, max_tokens=200).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert len(sample_keys(db)) == 4
    first = rows(db, "SELECT * FROM request ORDER BY id")[0]
    assert (first["state"], first["error"], first["presumed_pico"]) == ("settled", "Lost", 0)
    assert first["prompt_tokens"] == vendor.billed[0].input_tokens
    assert 0 < first["completion_tokens"] < vendor.billed[0].output_tokens
    assert first["unused_pico"] > 0, "what had been made of the samples that were not whole"
    kept = rows(db, "SELECT * FROM sample WHERE request_id = ?", first["id"])
    assert kept
    assert all(row["cost_pico"] > 0 and row["token_basis"] == "reported" for row in kept)
    assert one(db, "SELECT sum(n) FROM request WHERE attempt = 2") == 4 - len(kept)


def test_streams_that_break_at_random_neither_double_nor_lose(tmp_path):
    rates = {faults.CUT_STREAM: 0.15, faults.ERROR_EVENT: 0.15, faults.HALF_JSON: 0.1, faults.NO_END: 0.1}
    vendor = openai_vendor(answer=several, fault_rates=rates, seed=5)
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, 2 * USD):
        keys = {"max_n": 4, "limits": {"concurrency": 6}, **STREAMED}
        sweep = SweepFile({"m": model(vendor, **keys)}, problems=12, samples=8, max_tokens=200, budget_usd=2)
        ended = run(sweep.write(tmp_path), db)
    check_books(db)
    check_bill(db, {"m": vendor}, 2 * USD)
    failed = one(db, "SELECT coalesce(sum(n), 0) FROM failure")
    assert len(sample_keys(db)) + failed == 12 * 8
    assert ended.status == (1 if failed else 0)
    assert len(vendor.seen) == one(db, "SELECT count(*) FROM request")
    kept = one(
        db, "SELECT count(*) FROM sample AS s JOIN request AS r ON r.id = s.request_id WHERE r.error = 'Lost'"
    )
    assert kept > 0
