"""What speaks against counting the samples of two ledgers together: other prompts, and the same sample twice. A copy of
a ledger, gone on with or not, would count its draws double."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from orchestrator.errors import InputError
from orchestrator.ledger.merging.source import MergeSource

_OTHER_PROMPT = """
SELECT model.alias, problem.key FROM temp.asked AS a JOIN temp.asked AS b ON b.model = a.model
  AND b.problem = a.problem AND b.source < a.source AND b.prompt != a.prompt
JOIN main.model ON model.id = a.model JOIN main.problem ON problem.id = a.problem WHERE a.source = ? LIMIT 1"""
# Drawn at the same instant with the same words: it is the same draw.
_SAME_DRAW = """
SELECT a.source, b.source, model.alias, problem.key, a.there_index, b.there_index FROM temp.incoming AS a
JOIN temp.incoming AS b ON b.model = a.model AND b.problem = a.problem AND b.created_at = a.created_at
  AND b.text_sha = a.text_sha AND b.source > a.source
JOIN main.model ON model.id = a.model JOIN main.problem ON problem.id = a.problem LIMIT 1"""
# A tape or a file brings the same samples wherever it is read, at another time.
_SAME_FILE = """
SELECT a.source, b.source, model.alias FROM temp.incoming AS a
JOIN temp.incoming AS b ON b.model = a.model AND b.problem = a.problem AND b.there_index = a.there_index
  AND b.source > a.source AND b.from_file
JOIN main.model ON model.id = a.model WHERE a.from_file
GROUP BY a.source, b.source, a.model HAVING sum(a.text_sha != b.text_sha) = 0 LIMIT 1"""


def refuse_other_prompts(connection: sqlite3.Connection, source: MergeSource) -> None:
    """Of the ledger staged last. Raises InputError."""
    found = connection.execute(_OTHER_PROMPT, (source.number,)).fetchone()
    if found is not None:
        alias, key = found
        raise InputError(
            f"{source.path}: model {alias!r}, problem {key!r}",
            "has another prompt here than in a ledger named before",
            "leave it out, or name its samples apart: frontier takes several ledgers",
        )


def refuse_same_samples(connection: sqlite3.Connection, sources: Sequence[MergeSource]) -> None:
    """Raises InputError if a sample came with two of them."""
    by_number = {source.number: source for source in sources}
    found = connection.execute(_SAME_DRAW).fetchone()
    if found is not None:
        one, other, alias, key, index, there = found
        raise InputError(
            str(by_number[other].path),
            f"sample {there} of model {alias!r}, problem {key!r} is sample {index} of {by_number[one].path}: the "
            "same draw, so that one of them is a copy of the other or of a part of it",
            "leave one of them out",
        )
    found = connection.execute(_SAME_FILE).fetchone()
    if found is not None:
        one, other, alias = found
        raise InputError(
            str(by_number[other].path),
            f"the imported or replayed samples of model {alias!r} are those of {by_number[one].path}",
            "leave one of them out",
        )
