"""The same samples at other prices: a copy of a ledger whose every cost is computed anew from its tokens."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from orchestrator.ledger.file.backup import backup
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import all_or_nothing, reading
from orchestrator.ledger.file.whole_file import new_place
from orchestrator.ledger.writing.rebooking.attempts import rebook_attempts
from pricing.cost import cost_pico, share_pico
from pricing.form import price_to_json
from pricing.types import Price, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Repriced:
    """One model, in pico-dollars. `unpriceable`: dollars of requests whose tokens are not known; they stay as they
    were. `presumed` stays too: it is what a vendor may have billed, not what samples cost."""

    alias: str
    before: int
    after: int
    unpriceable: int
    presumed: int


def models_of(path: Path) -> list[dict[str, Any]]:
    """alias, provider, name and price (JSON) of each model. Raises InputError for what is no ledger."""
    with reading(path), closing(open_reader(path)) as connection:
        return [
            dict(row)
            for row in connection.execute("SELECT alias, provider, name, price FROM model ORDER BY id")
        ]


def reprice(db: Path, target: Path | None, prices: Mapping[str, Price]) -> list[Repriced]:
    """Prices the models named in `prices` anew, in a copy at `target` (or nowhere: only the sums are returned). The
    ledger itself stays as it is. Raises InputError."""
    if target is None:
        with reading(db), closing(open_reader(db)) as connection:
            connection.execute("BEGIN")
            return [
                _model(connection, row, prices[row["alias"]], write=False)
                for row in _rows(connection, prices)
            ]
    with acquire(target), new_place(target) as part:
        backup(db, part, ends=False)
        with (
            all_or_nothing(target, "the copy can't be written"),
            closing(sqlite3.connect(part, isolation_level=None)) as connection,
        ):
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN IMMEDIATE")
            found = [
                _model(connection, row, prices[row["alias"]], write=True) for row in _rows(connection, prices)
            ]
            rebook_attempts(connection)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
    return found


def _rows(connection: sqlite3.Connection, prices: Mapping[str, Price]) -> list[sqlite3.Row]:
    rows = connection.execute("SELECT * FROM model ORDER BY id").fetchall()
    return [row for row in rows if row["alias"] in prices]


def _model(connection: sqlite3.Connection, model: sqlite3.Row, price: Price, *, write: bool) -> Repriced:
    after = unpriceable = unused = 0
    for request, samples in _requests(connection, model["id"]):
        if request["completion_tokens"] is None or request["prompt_tokens"] is None:
            unpriceable += request["settled_pico"]
            unused += request["unused_pico"]
            continue
        total, costs, wasted = _priced(price, request, samples)
        after, unused = after + total, unused + wasted
        if write:
            connection.execute(
                "UPDATE request SET settled_pico = ?, unused_pico = ? WHERE id = ?",
                (total, wasted, request["id"]),
            )
            _write(connection, samples, costs)
    after += _imported(connection, model["id"], price, write=write)
    if write:
        # Its dollars are no longer those that were paid: it is never pooled with the ledger it comes from, nor run on.
        definition = json.loads(model["definition"]) if model["definition"] else {"model": model["name"]}
        definition["repriced"] = f"{price.source} {price.name} {price.date}".strip()
        connection.execute(
            "UPDATE model SET settled_pico = ?, unused_pico = ?, price = ?, definition = ? WHERE id = ?",
            (
                after + unpriceable,
                unused,
                json.dumps(price_to_json(price)),
                json.dumps(definition, sort_keys=True, ensure_ascii=False),
                model["id"],
            ),
        )
    return Repriced(
        alias=model["alias"],
        before=model["settled_pico"],
        after=after + unpriceable,
        unpriceable=unpriceable,
        presumed=model["presumed_pico"],
    )


def _requests(
    connection: sqlite3.Connection, model_id: int
) -> Iterator[tuple[sqlite3.Row, list[sqlite3.Row]]]:
    """Settled requests in their order, each with its samples in theirs; one request in memory at a time."""
    samples = groupby(
        connection.execute(
            "SELECT id, request_id, completion_tokens FROM sample WHERE model_id = ? AND request_id IS NOT NULL "
            "ORDER BY request_id, sample_index",
            (model_id,),
        ),
        key=itemgetter("request_id"),
    )
    key, group = next(samples, (None, iter(())))
    for request in connection.execute(
        "SELECT * FROM request WHERE model_id = ? AND state = 'settled' ORDER BY id", (model_id,)
    ):
        while key is not None and key < request["id"]:  # of presumed requests
            key, group = next(samples, (None, iter(())))
        yield request, list(group) if key == request["id"] else []


def _priced(price: Price, request: sqlite3.Row, samples: list[sqlite3.Row]) -> tuple[int, list[int], int]:
    tokens = Tokens(
        input=request["prompt_tokens"],
        output=request["completion_tokens"],
        cached=request["cached_tokens"] or 0,
        cache_write=request["cache_write_tokens"] or 0,
        cache_write_1h=request["cache_write_1h_tokens"] or 0,
    )
    total = cost_pico(price, tokens)
    read = Tokens(
        input=tokens.input,
        output=0,
        cached=tokens.cached,
        cache_write=tokens.cache_write,
        cache_write_1h=tokens.cache_write_1h,
    )
    own = [sample["completion_tokens"] or 0 for sample in samples]
    costs, unused = share_pico(total, min(total, cost_pico(price, read)), own, tokens.output)
    return total, costs, unused


def _imported(connection: sqlite3.Connection, model_id: int, price: Price, *, write: bool) -> int:
    """Samples without a request of ours are priced each by its own tokens, if it has any."""
    total = 0
    for sample in connection.execute(
        "SELECT * FROM sample WHERE model_id = ? AND request_id IS NULL AND agent_attempt_id IS NULL ORDER BY id",
        (model_id,),
    ).fetchall():
        if sample["completion_tokens"] is None or sample["prompt_tokens"] is None:
            total += sample["cost_pico"] or 0
            continue
        cost = cost_pico(
            price,
            Tokens(
                input=sample["prompt_tokens"],
                output=sample["completion_tokens"],
                cached=sample["cached_tokens"] or 0,
                cache_write=sample["cache_write_tokens"] or 0,
                cache_write_1h=sample["cache_write_1h_tokens"] or 0,
            ),
        )
        total += cost
        if write:
            _write(connection, [sample], [cost])
    return total


def _write(connection: sqlite3.Connection, samples: list[sqlite3.Row], costs: list[int]) -> None:
    connection.executemany(
        "UPDATE sample SET cost_pico = ?, cost_basis = iif(cost_basis = 'none', 'imported', cost_basis) WHERE id = ?",
        [(cost, sample["id"]) for sample, cost in zip(samples, costs, strict=True)],
    )
