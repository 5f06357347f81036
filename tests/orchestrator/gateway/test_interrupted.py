"""An interrupted attempt is told again what it was told, and goes on: nothing is bought twice, nothing is redrawn."""

from __future__ import annotations

import asyncio
import signal

import pytest

from orchestrator.ledger.reading.money.status import read_status
from orchestrator.report.terminal.interrupted_attempts import interrupted_lines
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.gateway.at_work import agent_model, check_attempts, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import client_of
from tests.orchestrator.run.books import one, rows, watched
from tests.orchestrator.run.serving import serving

TURNS = 6


def talks(*, stops_at: int | None = None, differs_at: int | None = None):
    """`stops_at`: the turn before which the first that comes to it interrupts the run, as Ctrl-C does."""
    interrupted = asyncio.Event()

    async def program(gateway, attempt) -> str:
        messages = [{"role": "user", "content": "What is 0 + 0?"}]
        async with client_of(gateway, attempt) as client:
            for turn in range(TURNS):
                if turn == stops_at:
                    if not interrupted.is_set():
                        interrupted.set()
                        signal.raise_signal(signal.SIGINT)
                    await asyncio.sleep(60)
                if turn == differs_at:
                    messages.append({"role": "user", "content": "the tools said something else"})
                reply = await client.chat.completions.create(model="m", messages=messages)
                messages.append({"role": "assistant", "content": reply.choices[0].message.content})
                messages.append({"role": "user", "content": f"turn {turn}"})
        return "#### 0"

    return program


def test_the_next_run_replays_and_goes_on(tmp_path, monkeypatch):
    vendor = openai_vendor(latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, 10**12):
        path = sweep_file({"m": agent_model(vendor)}, samples=2).write(tmp_path)
        result, worked = run_agents(path, db, talks(stops_at=3), monkeypatch)
        assert result.status == "interrupted"
        assert worked.ended == ["interrupted"] * 2
        assert [r["state"] for r in rows(db, "SELECT state FROM agent_attempt")] == ["open"] * 2
        check_attempts(db, vendor)
        assert interrupted_lines(read_status(db))[0].startswith("2 attempts were interrupted (m)")
        bought = len(vendor.billed)
        assert 0 < bought < 2 * TURNS
        result, _ = run_agents(path, db, talks(), monkeypatch)
    assert result.status == "complete"
    assert not interrupted_lines(read_status(db))
    assert len(vendor.billed) == 2 * TURNS
    attempts = rows(db, "SELECT * FROM agent_attempt")
    assert [(a["state"], a["diverged_at"]) for a in attempts] == [("done", None)] * 2
    assert sum(a["replayed"] for a in attempts) == bought
    assert one(db, "SELECT count(*) FROM agent_calls WHERE delivered") == 2 * TURNS
    assert one(db, "SELECT sum(unused_pico) FROM spend") == 0
    check_attempts(db, vendor)


def test_what_was_paid_beyond_another_body_is_unused(tmp_path, monkeypatch):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        run_agents(path, db, talks(stops_at=3), monkeypatch)
        before = len(vendor.billed)
        assert before >= 3
        result, _ = run_agents(path, db, talks(differs_at=2), monkeypatch)
    assert result.status == "complete"
    attempt = rows(db, "SELECT * FROM agent_attempt")[0]
    assert (attempt["replayed"], attempt["diverged_at"]) == (2, 3)
    assert len(vendor.billed) == before + TURNS - 2
    assert one(db, "SELECT sum(unused_pico) FROM spend") > 0
    check_attempts(db, vendor)


@pytest.mark.parametrize("budget_usd", [0.05])
def test_an_open_attempt_is_held_at_what_it_may_still_cost(tmp_path, monkeypatch, budget_usd):
    """The budget pays for one whole attempt: what the first run spent of it does not keep the second from it."""
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, int(budget_usd * 10**12)):
        path = sweep_file({"m": agent_model(vendor, attempt_usd=0.05)}, budget_usd=budget_usd).write(tmp_path)
        run_agents(path, db, talks(stops_at=1), monkeypatch)
        result, _ = run_agents(path, db, talks(), monkeypatch)
    assert result.status == "complete"
    check_attempts(db, vendor, budget_usd)
