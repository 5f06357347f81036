"""What speaks against counting the samples of two ledgers together: other prompts, and the same sample twice. A copy of
a ledger, gone on with or not, would count its draws double."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b

from orchestrator.errors import InputError
from orchestrator.ledger.file.sample_text import FROM_FILE, text_sql
from orchestrator.ledger.merging.names import map_names
from orchestrator.ledger.merging.source import MergeSource, attached

TABLES = """
CREATE TEMP TABLE asked (source INTEGER, model INTEGER, problem INTEGER, prompt INTEGER,
  PRIMARY KEY (model, problem, source, prompt)) WITHOUT ROWID;
CREATE TEMP TABLE drawn (created_at REAL, source INTEGER, from_file INTEGER);
CREATE TEMP TABLE twice (created_at REAL PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE suspect (source INTEGER, model INTEGER, problem INTEGER, there_index INTEGER, created_at REAL,
  from_file INTEGER, text_sha BLOB);
"""
_INDICES = """
CREATE INDEX temp.suspect_identity ON suspect (model, problem, there_index, source);
CREATE INDEX temp.suspect_draw ON suspect (model, problem, created_at, text_sha, source);
"""

_ASKED = """
INSERT OR IGNORE INTO temp.asked SELECT DISTINCT :source, m.here, p.here, t.here
FROM src_{table} AS r JOIN temp.prompt_of AS t ON t.there = r.prompt_id
JOIN temp.model_of AS m ON m.there = r.model_id JOIN temp.problem_of AS p ON p.there = r.problem_id
WHERE r.state != 'free'"""
_OTHER_PROMPT = """
SELECT model.alias, problem.key FROM temp.asked AS a JOIN temp.asked AS b ON b.model = a.model
  AND b.problem = a.problem AND b.source < a.source AND b.prompt != a.prompt
JOIN main.model ON model.id = a.model JOIN main.problem ON problem.id = a.problem WHERE a.source = ? LIMIT 1"""

_FROM_FILE = FROM_FILE.format("s", "src_merged_request")
_DRAWN = f"INSERT INTO temp.drawn SELECT s.created_at, :source, {_FROM_FILE} FROM src_sample AS s"
_TWICE = """
INSERT INTO temp.twice SELECT created_at FROM temp.drawn GROUP BY created_at HAVING min(source) != max(source)"""
# Texts matter where they came from a file, or where another ledger has a draw of the same instant, which is rare: to
# hash all would take longer than to copy them.
_SUSPECTS = f"""
INSERT INTO temp.suspect SELECT :source, m.here, p.here, s.sample_index, s.created_at, {_FROM_FILE},
  text_sha({text_sql("s", "src_sample")})
FROM src_sample AS s JOIN temp.model_of AS m ON m.there = s.model_id
JOIN temp.problem_of AS p ON p.there = s.problem_id
WHERE {_FROM_FILE} OR s.created_at IN temp.twice"""
# Drawn at the same instant with the same words: it is the same draw.
_SAME_DRAW = """
SELECT a.source, b.source, model.alias, problem.key, a.there_index, b.there_index FROM temp.suspect AS a
JOIN temp.suspect AS b ON b.model = a.model AND b.problem = a.problem AND b.created_at = a.created_at
  AND b.text_sha = a.text_sha AND b.source > a.source
JOIN main.model ON model.id = a.model JOIN main.problem ON problem.id = a.problem LIMIT 1"""
# A tape or a file brings the same samples wherever it is read, at another time.
_SAME_FILE = """
SELECT a.source, b.source, model.alias FROM temp.suspect AS a
JOIN temp.suspect AS b ON b.model = a.model AND b.problem = a.problem AND b.there_index = a.there_index
  AND b.source > a.source AND b.from_file
JOIN main.model ON model.id = a.model WHERE a.from_file
GROUP BY a.source, b.source, a.model HAVING sum(a.text_sha != b.text_sha) = 0 LIMIT 1"""


def stage_draws(connection: sqlite3.Connection, source: MergeSource) -> None:
    """When each sample of the ledger attached as `src` was drawn, and with which prompts its problems were asked, whose
    names are mapped. Raises InputError for another prompt than in a ledger staged before."""
    connection.execute(_DRAWN, {"source": source.number})
    for table in ("request", "merged_request"):
        connection.execute(_ASKED.format(table=table), {"source": source.number})
    found = connection.execute(_OTHER_PROMPT, (source.number,)).fetchone()
    if found is not None:
        alias, key = found
        raise InputError(
            f"{source.path}: model {alias!r}, problem {key!r}",
            "has another prompt here than in a ledger named before",
            "leave it out, or name its samples apart: frontier takes several ledgers",
        )


def refuse_same_samples(connection: sqlite3.Connection, sources: Sequence[MergeSource]) -> None:
    """Once all are staged. Raises InputError if a sample came with two of them."""
    _stage_suspects(connection, sources)
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


def _stage_suspects(connection: sqlite3.Connection, sources: Sequence[MergeSource]) -> None:
    connection.execute(_TWICE)
    suspected = {
        row[0] for row in connection.execute("SELECT DISTINCT source FROM temp.drawn WHERE from_file")
    }
    if connection.execute("SELECT 1 FROM temp.twice LIMIT 1").fetchone() is not None:
        suspected = {source.number for source in sources}
    connection.create_function("text_sha", 1, _text_sha, deterministic=True)
    for source in sources:
        if source.number in suspected:
            with attached(connection, source):
                map_names(connection)
                connection.execute(_SUSPECTS, {"source": source.number})
    connection.executescript(_INDICES)


def _text_sha(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
