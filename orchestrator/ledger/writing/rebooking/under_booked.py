"""What an earlier version booked too low by rules that were mended since: found by what its requests hold, and raised.

Each run says by which rules its requests are booked (run.rules). What was raised keeps what it was settled at before
(request.raised_from_pico), so that the change can be seen and is made once.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from orchestrator.ledger.file.sample_text import text_sql
from pricing.cost import share_pico
from pricing.form import price_from_json, price_to_json
from pricing.types import Price, Tokens

RULES = 2
"""Those of this version; 1 were those of manyfew 0.1."""

_CANDIDATES = f"""
SELECT r.id, r.model_id, r.settled_pico, r.unused_pico, r.reserved_pico, r.server, r.service_tier, r.inference_geo,
  r.prompt_tokens, r.cached_tokens, r.cache_write_tokens, r.cache_write_1h_tokens, r.completion_tokens, r.max_tokens,
  r.batch_job_id, model.alias, model.provider, model.name, coalesce(batch_job.price, model.price) AS price,
  coalesce(s.texts, 0) AS texts, coalesce(s.bytes, 0) AS bytes
FROM request AS r JOIN run ON run.id = r.run_id JOIN model ON model.id = r.model_id
LEFT JOIN batch_job ON batch_job.id = r.batch_job_id
LEFT JOIN (SELECT request_id, sum(size > 0) AS texts, sum(size) AS bytes FROM
    (SELECT request_id, length(CAST({text_sql("sample")} AS BLOB))
       + length(CAST(coalesce(reasoning, '') AS BLOB)) AS size
     FROM sample WHERE request_id IS NOT NULL) GROUP BY request_id) AS s ON s.request_id = r.id
WHERE run.rules < {RULES} AND r.state = 'settled' AND r.cost_basis IN ('usage', 'batch') AND model.replayed = 0
  AND r.raised_from_pico IS NULL AND r.prompt_tokens IS NOT NULL AND r.completion_tokens IS NOT NULL
ORDER BY r.id"""

_JOBS = f"""
SELECT batch_job.id, batch_job.price, model.provider, model.name,
  (SELECT server FROM request WHERE request.model_id = model.id AND request.state = 'reserved'
   AND batch_job_id = batch_job.id LIMIT 1) AS server
FROM batch_job JOIN run ON run.id = batch_job.run_id JOIN model ON model.id = batch_job.model_id
WHERE batch_job.ended_at IS NULL AND run.rules < {RULES}"""

_SAMPLES = """
SELECT s.id, s.completion_tokens FROM request AS r JOIN sample AS s
  ON s.model_id = r.model_id AND s.problem_id = r.problem_id AND s.request_id = r.id
WHERE r.id = ? ORDER BY s.sample_index"""

_SETTLE = "UPDATE request SET settled_pico = ?, unused_pico = ?, raised_from_pico = ? WHERE id = ?"

_PRESUME = """
UPDATE request SET state = 'presumed', settled_pico = 0, unused_pico = 0, presumed_pico = ?, cost_basis = 'none',
  error = 'BadCounts', error_message = ?, raised_from_pico = ? WHERE id = ?"""

# As those of a reply whose counts contradict its texts are written today.
_UNKNOWN = """
UPDATE sample SET cost_pico = 0, cost_basis = 'none', token_basis = NULL, prompt_tokens = NULL, cached_tokens = NULL,
  cache_write_tokens = NULL, cache_write_1h_tokens = NULL, completion_tokens = NULL, reasoning_tokens = NULL
WHERE id = ?"""

_TOTALS = """
UPDATE model SET settled_pico = settled_pico + ?, presumed_pico = presumed_pico + ?, unused_pico = unused_pico + ?
WHERE id = ?"""


class SettledRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the ledger has it, settled by its counts."""

    price: Price
    """What it was booked at."""
    provider: str
    model: str
    """The vendor's name of it."""
    server: str | None
    """The base URL that it went to."""
    tokens: Tokens
    service_tier: str | None = None
    inference_geo: str | None = None
    batch: bool = False
    settled_pico: int
    reserved_pico: int
    texts: int
    """Of its samples those whose text or reasoning is not empty …"""
    text_bytes: int
    """… and the UTF-8 bytes of these."""


class Raised(NamedTuple):
    """What a request is to be booked as. Of the two sums one is 0."""

    settled_pico: int
    input_pico: int
    """Of what is settled; its samples share it equally, the rest by their output (pricing.cost.share_pico)."""
    presumed_pico: int
    why: str


class Rules(NamedTuple):
    """What is booked today, of what earlier rules settled; and today's price, of a price that lacks something."""

    raised: Callable[[SettledRequest], Raised | None]
    price: Callable[[Price, str, str, str | None], Price]
    """(price, provider, the vendor's name of the model, base URL)"""


class UnderBooked(NamedTuple):
    """A request that was settled too low."""

    request_id: int
    model_id: int
    alias: str
    output_tokens: int
    settled_pico: int
    unused_pico: int
    raised: Raised

    @property
    def short_pico(self) -> int:
        """By how much."""
        return self.raised.settled_pico + self.raised.presumed_pico - self.settled_pico


class RaisedSums(NamedTuple):
    """What was raised when a run began: requests, and pico-dollars more than before."""

    requests: int
    settled_pico: int
    presumed_pico: int


NOTHING_RAISED = RaisedSums(0, 0, 0)


def under_booked(connection: sqlite3.Connection, rules: Rules) -> Iterator[UnderBooked]:
    """Requests that earlier rules settled too low. Rows by name. Raises sqlite3.Error."""
    if connection.execute(f"SELECT 1 FROM run WHERE rules < {RULES} LIMIT 1").fetchone() is None:
        return
    for row in connection.execute(_CANDIDATES):
        request = _request(row)
        found = None if request is None else rules.raised(request)
        if found is not None:
            yield UnderBooked(
                request_id=row["id"],
                model_id=row["model_id"],
                alias=row["alias"],
                output_tokens=row["completion_tokens"],
                settled_pico=row["settled_pico"],
                unused_pico=row["unused_pico"],
                raised=found,
            )


def raise_under_booked(connection: sqlite3.Connection, rules: Rules) -> RaisedSums:
    """Raises them, and the prices at which open batches will be booked. The caller holds the transaction."""
    settled = presumed = requests = 0
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in list(under_booked(connection, rules)):
        unused = _raise_one(connection, one)
        change = (one.raised.settled_pico - one.settled_pico, one.raised.presumed_pico)
        settled, presumed, requests = settled + change[0], presumed + change[1], requests + 1
        for at, pico in enumerate((*change, unused - one.unused_pico)):
            totals[one.model_id][at] += pico
    connection.executemany(_TOTALS, [(*sums, model_id) for model_id, sums in totals.items()])
    _raise_open_batches(connection, rules)
    connection.execute(f"UPDATE run SET rules = {RULES} WHERE rules < {RULES}")
    return RaisedSums(requests, settled, presumed)


def _raise_one(connection: sqlite3.Connection, one: UnderBooked) -> int:
    """Gives what of it bought nothing."""
    samples = connection.execute(_SAMPLES, (one.request_id,)).fetchall()
    found = one.raised
    if found.presumed_pico:
        row = (found.presumed_pico, found.why, one.settled_pico, one.request_id)
        connection.execute(_PRESUME, row)
        connection.executemany(_UNKNOWN, [(sample["id"],) for sample in samples])
        return 0
    own = [sample["completion_tokens"] or 0 for sample in samples]
    costs, unused = share_pico(found.settled_pico, found.input_pico, own, one.output_tokens)
    connection.execute(_SETTLE, (found.settled_pico, unused, one.settled_pico, one.request_id))
    connection.executemany(
        "UPDATE sample SET cost_pico = ? WHERE id = ?",
        [(cost, sample["id"]) for cost, sample in zip(costs, samples, strict=True)],
    )
    return unused


def _raise_open_batches(connection: sqlite3.Connection, rules: Rules) -> None:
    for row in connection.execute(_JOBS).fetchall():
        price = _price(row["price"])
        if price is not None:
            today = rules.price(price, row["provider"], row["name"], row["server"])
            connection.execute(
                "UPDATE batch_job SET price = ? WHERE id = ?", (json.dumps(price_to_json(today)), row["id"])
            )


def _request(row: sqlite3.Row) -> SettledRequest | None:
    price = _price(row["price"])
    if price is None:
        return None  # doctor names it
    generates = row["max_tokens"] > 0
    return SettledRequest(
        price=price,
        provider=row["provider"],
        model=row["name"],
        server=row["server"],
        tokens=Tokens(
            input=row["prompt_tokens"],
            output=row["completion_tokens"],
            cached=row["cached_tokens"] or 0,
            cache_write=row["cache_write_tokens"] or 0,
            cache_write_1h=row["cache_write_1h_tokens"] or 0,
        ),
        service_tier=row["service_tier"],
        inference_geo=row["inference_geo"],
        batch=row["batch_job_id"] is not None,
        settled_pico=row["settled_pico"],
        reserved_pico=row["reserved_pico"],
        texts=row["texts"] if generates else 0,
        text_bytes=row["bytes"] if generates else 0,
    )


def _price(text: str | None) -> Price | None:
    try:
        return price_from_json(json.loads(text or ""))
    except ValueError:
        return None
