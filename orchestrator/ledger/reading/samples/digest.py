"""A digest of a ledger's samples, by which a result can be cited: the same wherever and in whatever order they lie.

SHA-256 over one line a sample, in the order of sweep, model and problem (by their UTF-8 bytes) and of sample_index. A
line is the JSON array of COLUMNS as the view sample_records has them, without spaces, as UTF-8, and a newline. So a
backup, an export and an import into an empty ledger keep it; another verdict, text or cost changes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from hashlib import sha256

import msgspec

from orchestrator.ledger.file.sample_text import text_sql

COLUMNS = (
    *("sweep", "model", "problem", "sample_index", "text", "reasoning", "finish_reason", "prompt_tokens"),
    *("completion_tokens", "cost_pico", "passed", "answer"),
)

# By (model_id, problem_id) the index of the sample's identity gives the samples in order: nothing is sorted.
_SAMPLES = f"""
SELECT sample_index, {text_sql("sample")},
  reasoning, finish_reason, prompt_tokens, completion_tokens, cost_pico, passed, answer
FROM sample WHERE model_id = ? AND problem_id = ? ORDER BY sample_index"""


def samples_digest(
    connection: sqlite3.Connection, on_progress: Callable[[int], None] = lambda _: None
) -> str:
    """Hexadecimal. `on_progress` gets the number of samples read so far. Rows may be tuples or by name."""
    models = connection.execute(
        "SELECT sweep.name, model.alias, model.id, sweep.id FROM model JOIN sweep ON sweep.id = model.sweep_id"
    ).fetchall()
    problems: dict[int, list[tuple[bytes, str, int]]] = {}
    for sweep_id, key, problem_id in connection.execute("SELECT sweep_id, key, id FROM problem"):
        problems.setdefault(sweep_id, []).append((key.encode(), key, problem_id))
    for found in problems.values():
        found.sort()
    digest, encode, count = sha256(), msgspec.json.Encoder().encode, 0
    rows = connection.cursor()
    rows.row_factory = None
    for sweep, alias, model_id, sweep_id in sorted(models, key=lambda m: (m[0].encode(), m[1].encode())):
        for _, problem, problem_id in problems.get(sweep_id, []):
            begins = encode((sweep, alias, problem))[:-1] + b","
            for row in rows.execute(_SAMPLES, (model_id, problem_id)):
                digest.update(begins + encode(row)[1:] + b"\n")
                count += 1
            on_progress(count)
    return digest.hexdigest()
