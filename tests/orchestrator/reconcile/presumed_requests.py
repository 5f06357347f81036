"""A ledger of one model with settled and presumed requests at told times, written straight by its schema."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from orchestrator.ledger.file.create import create
from orchestrator.reconcile.books import Books, read_books
from pricing.form import price_to_json
from pricing.stated import stated_price

AT = 1_700_000_000.0
"""When all of it happened."""
BOUND = 10_000
SETTLED = 1_000
TIMEOUT_S = 100.0
DUE_S = TIMEOUT_S + 3600.0
"""So long after its reservation an export holds a request."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request. `billed`: None where it is presumed."""

    at: float = AT
    took_s: float = 10.0
    billed: int | None = None
    vendor_request: str | None = None
    brought: tuple[int | None, ...] = ()
    """Of each sample that came all the same, its own tokens as its reply told them."""


@contextmanager
def books_of(path: Path, requests: Sequence[Asked]) -> Generator[Books]:
    create(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        price = json.dumps(price_to_json(stated_price(input=Decimal(1), output=Decimal(2))))
        text = f"[models.m]\ntimeout_s = {TIMEOUT_S}\n"
        connection.execute("INSERT INTO sweep (id, name, budget_pico) VALUES (1, 's', 1)")
        connection.execute(
            "INSERT INTO sweep_file (id, sweep_id, sha256, text, read_at) VALUES (1, 1, 'x', ?, 0)", (text,)
        )
        connection.execute(
            "INSERT INTO run (id, sweep_file_id, budget_pico, started_at, status, pid, host, versions) "
            "VALUES (1, 1, 1, 0, 'complete', 1, 'h', '{}')"
        )
        connection.execute(
            "INSERT INTO model (id, sweep_id, alias, provider, name, price, requests) "
            "VALUES (1, 1, 'm', 'openai', 'm', ?, ?)",
            (price, len(requests)),
        )
        connection.execute(
            "INSERT INTO problem (id, sweep_id, ordinal, key, data) VALUES (1, 1, 0, 'p', '{}')"
        )
        connection.execute("INSERT INTO prompt (id, sha256, body) VALUES (1, 'x', '{}')")
        connection.executemany(
            "INSERT INTO request (run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, state, "
            "reserved_pico, settled_pico, presumed_pico, vendor_request, reserved_at, ended_at, error) "
            "VALUES (1, 1, 1, 1, 1, 2, '[0, 1]', 100, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    "presumed" if one.billed is None else "settled",
                    BOUND,
                    one.billed or 0,
                    BOUND if one.billed is None else 0,
                    one.vendor_request,
                    one.at,
                    one.at + one.took_s,
                    "Lost" if one.billed is None else None,
                )
                for one in requests
            ],
        )
        connection.executemany(
            "INSERT INTO sample (model_id, problem_id, sample_index, request_id, text, completion_tokens, cost_basis, "
            "created_at) VALUES (1, 1, ?, ?, 'x', ?, 'none', 0)",
            [
                (index, request_id, tokens)
                for request_id, one in enumerate(requests, start=1)
                for index, tokens in enumerate(one.brought)
            ],
        )
        yield read_books(connection, running=False)
