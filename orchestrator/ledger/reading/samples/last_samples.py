"""The samples that came last."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.sampled_models import open_tuples

if TYPE_CHECKING:
    from pathlib import Path

_LAST = f"""
SELECT model.alias, problem.key, s.sample_index, s.passed, {text_sql("s")} FROM sample AS s
JOIN model ON model.id = s.model_id JOIN problem ON problem.id = s.problem_id ORDER BY s.id DESC LIMIT ?
"""


def last_samples(db: Path, most: int) -> list[dict[str, Any]]:
    """The newest first. Raises InputError for what is no ledger."""
    with reading(db), closing(open_tuples(db)) as connection:
        rows = connection.execute(_LAST, (most,)).fetchall()
    return [
        dict(zip(("model", "problem", "sample_index", "passed", "text"), row, strict=True)) for row in rows
    ]
