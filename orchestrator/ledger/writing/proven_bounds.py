"""What a model's replies have shown of its bound: whether it holds, and how much more than its price it bills. All
of it can be read from its requests, so that a restart knows what the dead run knew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from pricing.types import Tokens

_COUNTED = "state = 'settled' AND cost_basis IN ('usage', 'batch', 'stated') AND prompt_tokens > 0"
_LAST = f"""
SELECT max(id) FILTER (WHERE {_COUNTED} AND settled_pico <= reserved_pico),
  max(id) FILTER (WHERE error = 'Unpriced' OR ({_COUNTED} AND settled_pico > reserved_pico))
FROM request WHERE model_id = ?"""
_BILLED_MORE = f"""
SELECT prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens, service_tier,
  inference_geo, batch_job_id IS NOT NULL AS batch, max(settled_pico) AS settled_pico,
  cost_basis = 'stated' AS is_stated
FROM request WHERE model_id = ? AND {_COUNTED} AND (cost_basis = 'stated' OR settled_pico > reserved_pico)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 10"""


class BilledMore(NamedTuple):
    """The most that a vendor billed for requests of these counts: by its own word, or above what was reserved."""

    tokens: Tokens
    service_tier: str | None
    inference_geo: str | None
    batch: bool
    settled_pico: int
    is_stated: bool


def bound_is_shown(connection: sqlite3.Connection, model_id: int) -> bool:
    """Whether a reply with sound counts was within its bound, and none after it was above."""
    within, above = connection.execute(_LAST, (model_id,)).fetchone()
    return within is not None and (above is None or above < within)


def billed_more(connection: sqlite3.Connection, model_id: int) -> Iterator[BilledMore]:
    for row in connection.execute(_BILLED_MORE, (model_id,)):
        tokens = Tokens(row[0] or 0, row[1] or 0, row[2] or 0, row[3] or 0, row[4] or 0)
        yield BilledMore(tokens, row[5], row[6], bool(row[7]), row[8], bool(row[9]))
