"""Rows that no manyfew writes: what a text editor, another program or a broken disk leaves in a database that SQLite
itself finds sound. A command that meets one names it; `doctor` looks for all of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from pricing.form import price_from_json

MOST_TOKENS = 10**12
MOST_PICO = 4 * 10**18
"""Two of them still fit SQLite's whole numbers."""
MOST_SECONDS = 10**10
YEAR_10000 = 253_402_300_800

_OBJECTS: Mapping[str, tuple[str, ...]] = {
    "sweep": ("verifier",),
    "run": ("versions",),
    "model": ("definition", "price", "architecture", "samples_by_problem"),
    "problem": ("data",),
    "prompt": ("body",),
    "batch_job": ("price",),
    "verdict_set": ("options",),
}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "request": ("indices",),
    "merged_request": ("indices",),
    "merged": ("runs",),
    "server": ("aliases", "gpus"),
}
_LONG = frozenset({("sample", "text"), ("sample", "reasoning")})
"""Model's words: read leniently, and too much to look at."""
_STATUS = "'running', 'complete', 'incomplete', 'budget', 'provider', 'interrupted', 'killed'"

# Shares sum to their request's tokens. Where fewer samples came than were asked for, the others' are in none of them;
# of a request that was reconciled by its dollars alone nobody knows the samples' tokens.
_SHARES = """
SELECT s.request_id, r.prompt_tokens, r.completion_tokens, s.* FROM (
  SELECT request_id, count(*) AS samples, count(prompt_tokens) AS told, max(token_basis = 'split') AS splits,
    sum(prompt_tokens) AS prompt, sum(cached_tokens) AS cached, sum(cache_write_tokens) AS writes,
    sum(cache_write_1h_tokens) AS writes_1h, sum(completion_tokens) AS completion, sum(reasoning_tokens) AS reasoning
  FROM sample WHERE request_id IS NOT NULL GROUP BY request_id) AS s
JOIN request AS r ON r.id = s.request_id
WHERE s.prompt > r.prompt_tokens OR s.cached > r.cached_tokens OR s.writes > r.cache_write_tokens
  OR s.writes_1h > r.cache_write_1h_tokens OR s.completion > r.completion_tokens
  OR s.reasoning > max(r.reasoning_tokens, r.completion_tokens)
  OR (r.state = 'settled' AND r.cost_basis != 'reconciled' AND s.samples = r.n AND (s.told < s.samples
    OR s.prompt < r.prompt_tokens OR s.cached < r.cached_tokens OR s.writes < r.cache_write_tokens
    OR s.writes_1h < r.cache_write_1h_tokens OR (s.splits AND s.completion < r.completion_tokens)))
ORDER BY s.request_id"""

_NO_TEXT = """
text_of IS NOT NULL AND EXISTS (SELECT 1 FROM sample AS kept WHERE kept.id = sample.text_of
  AND (kept.text_of IS NOT NULL OR kept.problem_id != sample.problem_id))"""

_ROWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "run": ((f"status NOT IN ({_STATUS})", "its status is none that a run ends with"),),
    "request": (
        (
            "coalesce(cached_tokens, 0) + coalesce(cache_write_tokens, 0) > prompt_tokens",
            "its cached tokens are more than its prompt's",
        ),
        (
            "cache_write_1h_tokens > cache_write_tokens",
            "its tokens written for an hour are more than all written",
        ),
        (
            "json_valid(indices) AND json_array_length(indices) != n",
            "it names another number of samples than n",
        ),
    ),
    "sample": (
        ("passed NOT IN (0, 1)", "its verdict is neither 0 nor 1"),
        (_NO_TEXT, "the sample that has its text has none of its own, or is of another problem"),
    ),
    "set_verdict": (
        ("passed NOT IN (0, 1)", "a verdict of it is neither 0 nor 1"),
        ("set_id NOT IN (SELECT id FROM verdict_set)", "there is no such set of verdicts"),
        ("sample_id NOT IN (SELECT id FROM sample)", "a verdict of it is on a sample that is gone"),
    ),
}


def damaged_rows(connection: sqlite3.Connection, most: int) -> list[str]:
    """The first of them, in words. Rows by name. Raises sqlite3.Error."""
    return list(islice(_all(connection), most))


def damage_of(path: Path) -> str | None:
    """The first damaged row of a ledger. Raises InputError for what is no ledger, or can't be read."""
    with reading(path), closing(open_reader(path)) as connection:
        found = damaged_rows(connection, 1)
    return found[0] if found else None


def _all(connection: sqlite3.Connection) -> Iterator[str]:
    connection.create_function("is_text", 1, _is_text, deterministic=True)
    tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY rowid")
    for (table,) in tables.fetchall():
        yield from _of_table(connection, table)
    for table, rowid, parent, _ in connection.execute("PRAGMA main.foreign_key_check"):
        yield f"{table} {rowid}: its {parent} is gone"
    yield from _prices(connection)
    for row in connection.execute(_SHARES):
        yield (
            f"request {row[0]}: its samples' tokens ({row['prompt']} in, {row['completion']} out) don't add up to its "
            f"own ({row['prompt_tokens']} in, {row['completion_tokens']} out)"
        )


def _of_table(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]
    rules = [rule for name, kind in columns for rule in _rules(table, name, kind)]
    rules += _ROWS.get(table, ())
    if not rules:
        return
    key = next((name for name, _ in columns if name in ("id", "ref")), columns[0][0])
    wrong = " OR ".join(f"coalesce({condition}, false)" for condition, _ in rules)
    for row in connection.execute(f"SELECT {key} FROM {table} WHERE {wrong}"):
        said = _first(connection, table, rules, key, row[key])
        yield f"{table} {row[key]}: {said}"


def _first(
    connection: sqlite3.Connection, table: str, rules: list[tuple[str, str]], key: str, value: Any
) -> str:
    for condition, said in rules:
        if connection.execute(
            f"SELECT 1 FROM {table} WHERE {key} IS ? AND ({condition})", (value,)
        ).fetchone():
            return said
    return "is damaged"


def _rules(table: str, name: str, kind: str) -> Iterator[tuple[str, str]]:
    """(condition, what is wrong if it holds) of any column of this kind."""
    column = f'"{name}"'
    if kind == "INTEGER":
        most = MOST_TOKENS if name.endswith("_tokens") else MOST_PICO
        yield f"{column} < 0 OR {column} > {most}", f"its {name} can't be"
    elif kind == "REAL" and (name.endswith("_at") or name in ("at", "since", "until")):
        yield f"NOT {column} BETWEEN 0 AND {YEAR_10000}", f"its {name} is no time"
    elif kind == "REAL" and name.endswith("_s"):
        yield f"NOT {column} BETWEEN 0 AND {MOST_SECONDS}", f"its {name} is no duration"
    elif kind == "TEXT" and (table, name) not in _LONG:
        yield f"NOT is_text(CAST({column} AS BLOB))", f"its {name} is not text"
    for names, wanted in ((_OBJECTS, "object"), (_LISTS, "array")):
        if name in names.get(table, ()):
            is_it = f"iif(json_valid({column}), json_type({column}) = '{wanted}', false)"
            yield f"{column} IS NOT NULL AND NOT {is_it}", f"its {name} is no JSON {wanted}"


def _prices(connection: sqlite3.Connection) -> Iterator[str]:
    for table in ("model", "batch_job"):
        for row in connection.execute(
            f"SELECT id, price FROM {table} WHERE iif(json_valid(price), json_type(price), '') = 'object'"
        ).fetchall():
            try:
                price_from_json(json.loads(row["price"]))
            except ValueError:
                yield f"{table} {row['id']}: its price is none"


def _is_text(value: bytes | None) -> bool:
    if value is None:
        return True
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
