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
    """What is not known counts as none. Of imported samples, which no request here brought, the samples' own."""
    columns = ("prompt", "cached", "cache_write", "cache_write_1h", "completion", "reasoning")
    sums = ", ".join(f"coalesce(sum({name}_tokens), 0)" for name in columns)
    asked = connection.execute("SELECT 1 FROM any_request WHERE model_id = ? LIMIT 1", (model_id,)).fetchone()
    of = "any_request WHERE state = 'settled' AND" if asked else "sample WHERE"
    row = connection.execute(f"SELECT {sums} FROM {of} model_id = ?", (model_id,)).fetchone()
    return SettledTokens(
        input=row[0],
        cached=row[1],
        cache_write=row[2],
        cache_write_1h=row[3],
        output=row[4],
        reasoning=row[5],
    )
