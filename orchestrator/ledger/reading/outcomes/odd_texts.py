"""Samples whose texts bear on what can be said: cut off at max_tokens, or all the same. Few texts are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.sample_text import text_sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from orchestrator.ledger.reading.outcomes.problem_counts import ProblemCounts

_SCAN = 200_000
"""Samples up to which finish_reason is read; of more, samples as long as max_tokens count, which an index knows."""
_ENDED = "SELECT count(*) FROM sample WHERE model_id = ?1 AND finish_reason = 'length'"
_AS_LONG = """
SELECT count(*) FROM sample WHERE model_id = ?1 AND problem_id IN (SELECT value FROM json_each(?3))
  AND completion_tokens >= ?2"""
_LOOK = 50
"""Problems, and samples of each, whose texts are compared."""
_LEAST = 2
"""Characters: one letter may be the whole answer."""


def count_cut(connection: sqlite3.Connection, model: sqlite3.Row, counts: Sequence[ProblemCounts]) -> int:
    """Samples that ended at max_tokens."""
    if model["samples"] <= _SCAN:
        return connection.execute(_ENDED, (model["id"],)).fetchone()[0]
    most = _max_tokens(model["definition"])
    if most is None:
        return 0
    whole = sum(row.samples for row in counts) >= model["samples"]  # not first draws alone
    so_long = [row.problem_id for row in counts if not whole or max(row.lengths, default=0) >= most]
    return connection.execute(_AS_LONG, (model["id"], most, json.dumps(so_long))).fetchone()[0]


def _max_tokens(definition: str | None) -> int | None:
    try:
        found: Any = json.loads(definition or "null")["max_tokens"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None


def count_alike(connection: sqlite3.Connection, model_id: int, counts: Sequence[ProblemCounts]) -> int:
    """Problems all of whose samples are one text, where these are most; else 0."""
    several = [row for row in counts if row.samples > 1]
    may_be = [row for row in several if len(row.lengths) <= 1 and row.c in (0, row.n)]
    if not may_be or 2 * len(may_be) < len(counts):
        return 0
    step = max(1, len(may_be) // _LOOK)
    looked = may_be[::step]
    alike = sum(_alike(connection, model_id, row.problem_id) for row in looked)
    return round(alike / len(looked) * len(may_be))


def _alike(connection: sqlite3.Connection, model_id: int, problem_id: int) -> bool:
    texts = connection.execute(
        "SELECT count(DISTINCT text), max(length(text)) FROM "
        f"(SELECT {text_sql('sample')} AS text FROM sample WHERE model_id = ? AND problem_id = ? LIMIT ?)",
        (model_id, problem_id, _LOOK),
    ).fetchone()
    return texts[0] == 1 and texts[1] >= _LEAST
