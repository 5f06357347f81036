"""Samples that the server itself broke off: what came of them is paid, none is kept, and they are asked for again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Sample
from tests.orchestrator.run.books import check_bill, check_books, money, one, rows, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

ENDS = ("error", "abort", "aborted", "network_error", "insufficient_system_resource", "ABORT")
WHOLE = "The answer is 0"


def breaking(end: str, *broken: int) -> Any:
    """The answer whose samples of these numbers are broken off."""

    def answer(prompt: str, index: int) -> Sample:
        if index in broken:
            return Sample(text="Let me think", finish_reason=end)
        return Sample(text=WHOLE, finish_reason="stop")

    return answer


@pytest.mark.parametrize("timeout_s", [60, 400], ids=["whole", "streamed"])
@pytest.mark.parametrize("end", ENDS)
def test_a_sample_that_the_server_broke_off_is_paid_and_asked_again(tmp_path, end, timeout_s):
    vendor = openai_vendor(answer=breaking(end, 0, 1, 3))
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, 10 * USD):
        ended = run(
            SweepFile({"m": model(vendor, max_n=4, timeout_s=timeout_s)}, problems=1).write(tmp_path), db
        )
    assert ended.status == 0
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
    kept = rows(db, "SELECT * FROM sample_records ORDER BY sample_index")
    assert [(row["text"], row["finish_reason"]) for row in kept] == [(WHOLE, "stop")] * 4
    assert money(db).settled == vendor.billed_pico
    first, second = rows(db, "SELECT * FROM request ORDER BY id")
    assert second["n"] == 3
    assert first["settled_pico"] > first["unused_pico"] > first["settled_pico"] // 2
    assert second["unused_pico"] == 0
    assert any(f"finish_reason {end}" in warning for warning in ended.result.warnings)


def test_tokens_of_vllm_that_were_broken_off_are_unused_by_their_own_count(tmp_path):
    vendor = openai_vendor(flavour="vllm", answer=breaking("abort", 1))
    db = tmp_path / "test.db"
    keys = {"provider": "vllm", "model": "m", "servers": [], "price": {"input": 1.0, "output": 10.0}}
    with serving(vendor):
        keys["servers"] = [vendor.base_url]
        ended = run(SweepFile({"m": keys}, problems=1, samples=2).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    first = rows(db, "SELECT * FROM request ORDER BY id")[0]
    (kept,) = rows(db, "SELECT * FROM sample_records WHERE request = ?", first["id"])
    assert kept["token_basis"] == "reported"
    output = first["completion_tokens"] - kept["completion_tokens"]
    assert first["unused_pico"] == first["prompt_tokens"] * 10**6 // 2 + output * 10**7


def test_a_message_of_anthropics_wire_that_broke_off_is_no_sample(tmp_path, monkeypatch):
    monkeypatch.setenv("K", "key")
    vendor = anthropic_vendor(answer=breaking("error", 0))
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = {
            "provider": "anthropic",
            "model": "m",
            "base_url": vendor.root_url,
            "api_key_env": "K",
            "price": {"input": 1.0, "output": 10.0},
        }
        ended = run(SweepFile({"m": keys}, problems=1, samples=1).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert one(db, "SELECT text FROM sample_records") == WHOLE
    assert money(db).unused == rows(db, "SELECT * FROM request ORDER BY id")[0]["settled_pico"] > 0


def test_a_server_that_breaks_off_for_ever_is_given_up(tmp_path):
    vendor = openai_vendor(answer=lambda prompt, index: Sample(text="Let me", finish_reason="abort"))
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = model(vendor, max_n=2, max_attempts=2)
        ended = run(SweepFile({"m": keys}, problems=1, samples=2).write(tmp_path), db)
    assert ended.status == 1
    check_books(db)
    assert money(db).unused == money(db).settled == vendor.billed_pico
    assert len(vendor.seen) == 2
    (failure,) = rows(db, "SELECT * FROM failure")
    assert (failure["n"], failure["error"]) == (2, "BrokenOff")
    assert "abort" in failure["message"]
