"""Attempts and exchanges go where a ledger goes: bundle and back, merge, other prices, reconciliation."""

from __future__ import annotations

import shutil
import sqlite3
from collections import deque
from contextlib import closing
from typing import Any

import pytest

from orchestrator.cli.main import main
from orchestrator.ledger.reading.money.agent_costs import read_agent_costs
from orchestrator.ledger.reading.samples.problem_samples import ProblemSamples
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.gateway.at_work import agent_model, check_attempts, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import client_of
from tests.orchestrator.run.books import check_books, money, one, rows
from tests.orchestrator.run.serving import serving


async def four_calls(gateway, attempt) -> str:
    async with client_of(gateway, attempt, max_retries=0) as client:
        for turn in range(4):
            asked = [{"role": "user", "content": f"What is größer? {turn}"}]
            await client.chat.completions.create(model="m", messages=asked)
    return "#### 0"


@pytest.fixture
def bought(tmp_path, monkeypatch):
    """A ledger of two attempts: one call was lost and asked again, one reply had no usage."""
    told = []

    def rewrite(reply, job):
        told.append(reply)
        return {**reply, "usage": None} if len(told) == 3 else reply

    vendor = openai_vendor(faults=deque([None, faults.RESET_BILLED]), rewrite=rewrite)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor, agent={"concurrency": 1})}, samples=2).write(tmp_path)
        result, _ = run_agents(path, db, four_calls, monkeypatch)
    assert result.status == "complete"
    check_attempts(db, vendor)
    return db, vendor


def manyfew(*arguments) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code in (0, None)


def contents(db, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows(db, sql)]


def test_a_delivered_reply_without_usage_makes_the_cost_an_upper_bound(bought):
    db, _ = bought
    samples = rows(db, "SELECT * FROM sample_records ORDER BY sample_index")
    assert sorted(s["cost_basis"] for s in samples) == ["bound", "usage"]
    of = money(db)
    lost = one(db, "SELECT sum(presumed_pico) FROM request WHERE error = 'Lost'")
    assert sum(s["cost_pico"] for s in samples) == of.settled + of.presumed - lost


def test_a_bundle_brings_them_back(bought, tmp_path):
    db, _ = bought
    bundle, back = tmp_path / "b.zip", tmp_path / "back.db"
    manyfew("export", db, "--format", "bundle", "-o", bundle)
    manyfew("import", bundle, "--db", back)
    for sql in (
        "SELECT * FROM agent_calls",
        "SELECT * FROM sample_records",
        "SELECT id, state, settled_pico, calls, ended_by, worked_s FROM agent_attempt",
        "SELECT request_id, body_sha, prefix_of, prefix_bytes, rest, reply, status, delivered FROM exchange",
    ):
        assert contents(back, sql) == contents(db, sql)
    check_books(back)


def test_merge_keeps_samples_and_money(bought, tmp_path):
    db, _ = bought
    out, other = tmp_path / "merged.db", tmp_path / "other.db"
    shutil.copy(db, other)
    with closing(sqlite3.connect(other)) as connection:  # other draws
        connection.execute("UPDATE sample SET created_at = created_at + 100, text = text || '1'")
        connection.commit()
    manyfew("merge", out, db, other)
    assert {r["request"] for r in rows(out, "SELECT request FROM sample_records")} == {
        "test.db#agent:1",
        "test.db#agent:2",
        "other.db#agent:1",
        "other.db#agent:2",
    }
    assert one(out, "SELECT sum(merged_settled_pico) FROM model") == 2 * money(db).settled
    manyfew("doctor", out)


def test_merge_keeps_attempts_and_what_they_said(bought, tmp_path):
    db, _ = bought
    out, other, again = (tmp_path / name for name in ("merged.db", "other.db", "again.db"))
    calls = (
        "SELECT call, asked, prompt_tokens, cost_pico, state, delivered FROM agent_calls ORDER BY 1, 3, 4, 5"
    )
    for number in (1, 2):
        shutil.copy(db, other)
        with closing(sqlite3.connect(other)) as connection:  # other draws, one of which was never finished
            connection.execute("UPDATE sample SET created_at = created_at + ?, text = text || '1'", [number])
            connection.execute("UPDATE agent_attempt SET state = 'open', held_pico = 77 WHERE id = 2")
            connection.execute("UPDATE model SET reserved_pico = 77")
            connection.execute("DELETE FROM sample WHERE agent_attempt_id = 2")
            connection.commit()
        manyfew("merge", *((out, db) if number == 1 else (again, out)), other)
        other.unlink()
    assert set(contents(out, calls)) == set(contents(db, calls))
    assert one(again, "SELECT count(*) FROM agent_calls") == 3 * one(db, "SELECT count(*) FROM agent_calls")
    states = "SELECT state, sample_index IS NULL, count(*) FROM merged_attempt GROUP BY 1, 2"
    assert contents(again, states) == [("done", 0, 4), ("lost", 1, 2)]
    assert one(again, "SELECT count(DISTINCT ref) FROM merged_exchange WHERE reply IS NOT NULL") == 24
    costs = read_agent_costs([again])["m"]
    assert (costs.attempts, costs.open, costs.lost) == (4, 0, 2)
    first = read_dialogues(db)[0]
    assert len(first) == 4
    assert read_dialogues(again).count(first) == 3
    unfinished = one(db, "SELECT settled_pico FROM agent_attempt WHERE id = 2")
    unused = money(db).unused
    assert one(out, "SELECT merged_unused_pico FROM model") == 2 * unused + unfinished
    assert one(out, "SELECT merged_presumed_pico FROM model") == 2 * money(db).presumed
    with ProblemSamples(db, "p0") as here, ProblemSamples(again, "p0") as there:
        assert list(here.prompts()) == list(there.prompts())
    manyfew("doctor", again)


def read_dialogues(db) -> list[Any]:
    """What each sample's attempt said, call by call."""
    with ProblemSamples(db, "p0") as of:
        return [of.calls(sample) for sample in of.samples(of.models[0])]


def test_reconciled_calls_lower_their_samples_cost(bought):
    db, vendor = bought
    before = money(db)
    assert before.presumed > 0
    manyfew("reconcile", db, "--billed", f"{vendor.billed_pico / 1e12:.12f}", "--yes")
    of = money(db)
    assert (of.presumed, of.settled) == (0, vendor.billed_pico)
    assert {s["cost_basis"] for s in rows(db, "SELECT cost_basis FROM sample_records")} == {"usage"}
    check_attempts(db, vendor)
