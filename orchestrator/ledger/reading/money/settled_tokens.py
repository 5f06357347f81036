"""Tokens of a model's settled requests, for whoever shows them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTokens:
    """Sums. `cached`, `cache_write` and `cache_write_1h` are parts of `input`; `reasoning` is a part of `output`."""

    input: int
    cached: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int


def settled_tokens(connection: sqlite3.Connection, model_id: int) -> SettledTokens:
    """What is not known counts as none."""
    columns = ("prompt", "cached", "cache_write", "cache_write_1h", "completion", "reasoning")
    sums = ", ".join(f"coalesce(sum({name}_tokens), 0)" for name in columns)
    row = connection.execute(
        f"SELECT {sums} FROM any_request WHERE model_id = ? AND state = 'settled'", (model_id,)
    ).fetchone()
    return SettledTokens(
        input=row[0],
        cached=row[1],
        cache_write=row[2],
        cache_write_1h=row[3],
        output=row[4],
        reasoning=row[5],
    )
