"""Models whose replies in a ledger are empty, since all their tokens went into reasoning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.text.empty_words import EmptyReplies

if TYPE_CHECKING:
    import sqlite3

LOOKED_AT = 1000
_SOME = f"""
SELECT count(*), coalesce(sum(finish_reason = 'length' AND trim(text) = ''), 0),
  coalesce(max(finish_reason = 'length' AND (reasoning_tokens > 0 OR reasoning IS NOT NULL)), 0)
FROM (SELECT {text_sql("sample")} AS text, finish_reason, reasoning_tokens, reasoning
  FROM sample WHERE model_id = ? LIMIT {LOOKED_AT})"""


def empty_replies(connection: sqlite3.Connection, sweep: str) -> dict[str, EmptyReplies]:
    """By alias, of up to a thousand of each model's samples."""
    models = connection.execute(
        "SELECT model.id, alias FROM model JOIN sweep ON sweep.id = sweep_id WHERE sweep.name = ?", (sweep,)
    ).fetchall()
    found: dict[str, EmptyReplies] = {}
    for model_id, alias in models:
        replies, empty, reasoned = connection.execute(_SOME, (model_id,)).fetchone()
        found[alias] = EmptyReplies(replies, empty, bool(reasoned))
    return found
