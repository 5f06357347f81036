"""What a ledger says, and the invariants that hold of any ledger at any committed instant."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.reading.damaged_rows import damage_of

if TYPE_CHECKING:
    from tests.loopback.vendor import Vendor


def rows(db: Path, sql: str, *values: Any) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(sql, values).fetchall()


def one(db: Path, sql: str, *values: Any) -> Any:
    (row,) = rows(db, sql, *values)
    return row[0]


@dataclass(frozen=True)
class Money:
    """In pico-dollars."""

    settled: int
    presumed: int
    reserved: int
    unused: int

    @property
    def held(self) -> int:
        return self.settled + self.presumed + self.reserved


def money(db: Path, alias: str | None = None) -> Money:
    row = rows(
        db,
        "SELECT sum(settled_pico), sum(presumed_pico), sum(reserved_pico), sum(unused_pico) FROM spend "
        "WHERE ? IS NULL OR model = ?",
        alias,
        alias,
    )[0]
    return Money(*(value or 0 for value in row))


def sample_keys(db: Path) -> list[tuple[str, str, int]]:
    return [tuple(row) for row in rows(db, "SELECT model, problem, sample_index FROM sample_records")]


def counts(db: Path, alias: str) -> Counter[str]:
    """Samples by problem."""
    return Counter(row[0] for row in rows(db, "SELECT problem FROM sample_records WHERE model = ?", alias))


def check_books(db: Path, *, ended: bool = True) -> None:
    """Every total is the sum of its parts, to the pico-dollar. `ended`: nothing is in flight."""
    since_0_2 = one(db, "PRAGMA user_version") > 1
    stood = "coalesce(sum(loading_pico + idle_pico), 0)" if since_0_2 else "0"
    for model in rows(db, "SELECT * FROM model"):
        parts = rows(
            db,
            "SELECT coalesce(sum(settled_pico), 0) AS settled, coalesce(sum(presumed_pico), 0) AS presumed, "
            "coalesce(sum(unused_pico), 0) AS unused, count(*) AS requests, coalesce(sum(attempt > 1), 0) AS retries, "
            "coalesce(sum(reserved_pico) FILTER (WHERE state = 'reserved'), 0) AS reserved "
            "FROM request WHERE model_id = ?",
            model["id"],
        )[0]
        leases = rows(
            db,
            "SELECT coalesce(sum(reserved_pico), 0) AS reserved, coalesce(sum(presumed_pico), 0) AS presumed, "
            "coalesce(sum(settled_pico), 0) AS settled, coalesce(sum(reconciled_pico), 0) AS reconciled, "
            f"{stood} AS stood FROM lease WHERE model_id = ?",
            model["id"],
        )[0]
        held = (
            one(db, "SELECT coalesce(sum(held_pico), 0) FROM agent_attempt WHERE model_id = ?", model["id"])
            if since_0_2
            else 0
        )
        assert model["settled_pico"] == parts["settled"] + leases["reconciled"] + leases["stood"]
        assert model["presumed_pico"] == parts["presumed"] + leases["presumed"]
        assert model["reserved_pico"] == parts["reserved"] + leases["reserved"] + held
        assert model["unused_pico"] == parts["unused"] + leases["reconciled"] + leases["stood"]
        assert model["requests"] == parts["requests"]
        assert model["retries"] == parts["retries"]
        assert model["samples"] == one(db, "SELECT count(*) FROM sample WHERE model_id = ?", model["id"])
        assert min(model["settled_pico"], model["presumed_pico"], model["reserved_pico"]) >= 0
        if ended:
            assert model["reserved_pico"] == 0
    assert damage_of(db) is None
    _check_requests(db, since_0_2=since_0_2)
    _check_history(db, since_0_2=since_0_2)
    keys = sample_keys(db)
    assert len(keys) == len(set(keys))


def _check_requests(db: Path, *, since_0_2: bool) -> None:
    sums = rows(
        db,
        "SELECT r.*, coalesce(sum(s.cost_pico), 0) AS cost, count(s.id) AS brought, sum(s.prompt_tokens) AS prompt, "
        "sum(s.completion_tokens) AS completion, sum(s.reasoning_tokens) AS reasoning, sum(s.cached_tokens) AS cached "
        "FROM request AS r LEFT JOIN sample AS s ON s.request_id = r.id "
        f"{'WHERE r.agent_attempt_id IS NULL' if since_0_2 else ''} GROUP BY r.id",
    )
    for r in sums:
        assert r["cost"] + r["unused_pico"] == r["settled_pico"], dict(r)
        assert r["brought"] <= r["n"]
        assert len(json.loads(r["indices"])) == r["n"]
        if r["state"] == "settled" and r["brought"] and r["cost_basis"] == "usage":
            assert r["prompt"] <= r["prompt_tokens"]
            assert r["cached"] <= r["cached_tokens"]
            assert r["completion"] <= r["completion_tokens"]
            if not r["unused_pico"]:  # else some of it was of samples that the server broke off
                assert (r["prompt"], r["cached"]) == (r["prompt_tokens"], r["cached_tokens"])
                assert r["completion"] == r["completion_tokens"]
        if r["state"] == "presumed":
            assert r["presumed_pico"] == r["reserved_pico"]
    strays = one(
        db,
        "SELECT count(*) FROM sample AS s JOIN request AS r ON r.id = s.request_id "
        "WHERE NOT EXISTS (SELECT 1 FROM json_each(r.indices) WHERE value = s.sample_index) "
        "OR r.problem_id != s.problem_id OR r.model_id != s.model_id",
    )
    assert strays == 0


def _check_history(db: Path, *, since_0_2: bool) -> None:
    """What was reconciled was presumed, is settled, and is told once, as it was and as it became."""
    attempt = "r.agent_attempt_id" if since_0_2 else "NULL"
    told = rows(
        db,
        "SELECT i.*, r.state, r.presumed_pico AS now_presumed, r.settled_pico AS now_settled, "
        f"r.unused_pico AS now_unused, r.reserved_pico, r.cost_basis, {attempt} AS attempt FROM reconciled AS i "
        "JOIN request AS r ON r.id = i.request_id AND r.model_id = i.model_id",
    )
    for row in told:
        assert (row["state"], row["cost_basis"], row["now_presumed"]) == ("settled", "reconciled", 0)
        assert (row["now_settled"], row["now_unused"]) == (row["settled_pico"], row["unused_pico"])
        assert row["presumed_pico"] in (
            row["reserved_pico"],
            0,
        )  # 0: it was settled, and the vendor billed more
        if row["matched"] == "total" and row["attempt"] is None:
            assert row["unused_pico"] == row["settled_pico"]
    leases = rows(
        db,
        "SELECT i.settled_pico, l.reconciled_pico, l.presumed_pico FROM reconciled AS i "
        "JOIN lease AS l ON l.id = i.lease_id AND l.model_id = i.model_id",
    )
    assert all(row["settled_pico"] == row["reconciled_pico"] and not row["presumed_pico"] for row in leases)
    assert len(told) + len(leases) == one(db, "SELECT count(*) FROM reconciled")
    assert len(told) == one(db, "SELECT count(*) FROM request WHERE cost_basis = 'reconciled'")
    above = one(
        db,
        "SELECT count(*) FROM reconciled AS i JOIN reconciliation AS r ON r.id = i.reconciliation_id "
        "WHERE i.settled_pico > i.presumed_pico AND i.presumed_pico > 0 AND NOT r.above_bound",
    )
    assert above == 0


def check_complete(db: Path, wanted: dict[str, tuple[int, int]]) -> None:
    """`wanted`: (problems, samples) by model: all there, numbered from 0 without gaps, all judged."""
    for alias, (problems, samples) in wanted.items():
        found = rows(
            db,
            "SELECT problem, count(*) AS n, max(sample_index) AS last, min(sample_index) AS first, "
            "count(passed) AS judged FROM sample_records WHERE model = ? GROUP BY problem",
            alias,
        )
        assert len(found) == problems
        for row in found:
            assert (row["n"], row["first"], row["last"], row["judged"]) == (samples, 0, samples - 1, samples)


def check_bill(db: Path, vendors: dict[str, Vendor], budget: int) -> None:
    """bill ≤ budget and settled + presumed ≥ bill ≥ settled, by model."""
    assert sum(vendor.billed_pico for vendor in vendors.values()) <= budget
    for alias, vendor in vendors.items():
        of = money(db, alias)
        assert of.settled <= vendor.billed_pico <= of.settled + of.presumed, (alias, of, vendor.billed_pico)
    assert money(db).held <= budget


@contextmanager
def watched(db: Path, budget: int) -> Generator[list[int]]:
    """Reads the ledger all the while, as another program would; at every committed state it sees, what is held fits
    the budget. Gives the list of what was held each time."""
    over, held, failed = threading.Event(), list[int](), list[str]()

    def watch() -> None:
        connection: sqlite3.Connection | None = None
        while not over.is_set():
            try:
                if connection is None:
                    connection = sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
                row = connection.execute(
                    "SELECT sum(settled_pico), sum(presumed_pico), sum(reserved_pico) FROM model WHERE replayed = 0"
                ).fetchone()
            except sqlite3.OperationalError:  # not there yet
                time.sleep(0.01)
                continue
            held.append(sum(value or 0 for value in row))
            if held[-1] > budget:
                failed.append(f"held {held[-1]} of {budget}: {row}")
            time.sleep(0.002)
        if connection is not None:
            connection.close()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join(10)
    assert not failed, failed[:3]
