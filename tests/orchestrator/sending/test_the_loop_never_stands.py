"""Nothing on the event loop takes long: verdicts of long texts are given elsewhere, and what holds it up is named."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from orchestrator.sending.stalls import Stalls
from providers.transport.awake import COMPUTES, AwakeLimit, Stall, awake_clock
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Sample
from tests.orchestrator.run.books import check_books, check_complete
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from verifiers.registry import bounds_for, get
from verifiers.workers.executor import LocalExecutor

HOSTILE = ["1 ", "2^", "$1", "1e", "\\boxed{"]


def hostile(_prompt: str, index: int) -> Sample:
    """64 KB over which a search for numbers takes seconds."""
    piece = HOSTILE[index % len(HOSTILE)]
    return Sample(text=f"{index} " + piece * (65_000 // len(piece)), tokens=64)


def test_long_hostile_texts_do_not_hold_the_loop(tmp_path):
    vendor = openai_vendor(answer=hostile)
    vendor.context = 10**9
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile(
            {"m": model(vendor, max_n=1)}, problems=1, samples=5, max_tokens=40_000, budget_usd=100
        )
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 0, ended.result.reason
    stalls = [line for line in ended.result.warnings if "held everything else up" in line]
    assert [s for line in stalls for s in re.findall(r"([\d.]+) s(?! in all)", line) if float(s) > 2] == [], (
        stalls
    )
    check_books(db)
    check_complete(db, {"m": (1, 5)})


def test_a_long_text_is_judged_by_another_process():
    executor = LocalExecutor(get("numeric", {}), {}, bounds_for("numeric"))
    try:
        executor.judge([("1 " * 2000, {"answer": "1"})])  # its worker has started
        began = time.process_time()
        (verdict, short) = executor.judge([("1 " * 30_000, {"answer": "1"}), ("#### 7", {"answer": "7"})])
        assert time.process_time() - began < 0.3
        assert (verdict.passed, short.passed) == (True, True)
    finally:
        executor.close()


def compute(seconds: float) -> float:
    """The share of a processor that it got."""
    began, used = time.monotonic(), time.process_time()
    while time.monotonic() < began + seconds:
        pass
    return (time.process_time() - used) / (time.monotonic() - began)


async def limited(seconds: float, shares: list[float]) -> None:
    async with AwakeLimit() as limit:
        limit.within(seconds)
        await asyncio.sleep(0.2)
        shares.append(compute(1.5))
        await asyncio.sleep(10)


async def test_what_holds_the_loop_is_heard_and_counts_for_no_limit():
    clock, heard, shares = awake_clock(), [], []
    clock.on_stall.append(heard.append)
    try:
        began, real = clock.time(), time.monotonic()
        with pytest.raises(TimeoutError):
            await limited(0.6, shares)
        assert clock.time() - began >= 0.6
        assert time.monotonic() - real >= 1.7, "the computation counted for the limit"
        await asyncio.sleep(0.2)
        longest = max(heard, key=lambda stall: stall.seconds)
        assert longest.computing or shares[0] < 2 * COMPUTES, (
            "on a busy machine it may get little, as if stopped"
        )
        assert longest.seconds > 1.3
        assert clock.lag_s > 0.3
    finally:
        clock.on_stall.clear()


def test_stalls_are_told_by_what_held_the_loop():
    stalls = Stalls()
    for seconds, computing in ((0.4, True), (3.0, True), (90.0, False), (30.0, False)):
        stalls.add(Stall(seconds, computing))
    stopped, computing = stalls.lines()
    assert "120.0 s in all (2 times, 90.0 s at worst)" in stopped
    assert "3.0 s" in computing
