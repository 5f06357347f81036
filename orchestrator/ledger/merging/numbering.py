"""The index that each sample gets in the new ledger: told by stretches of indices, not sample by sample.

A problem's samples in one ledger nearly always have the indices 0 to n - 1, so one row says what would otherwise take
one per sample. Where indices are missing there are more stretches, and never more than there are samples.
"""

from __future__ import annotations

import sqlite3
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from orchestrator.ledger.merging.source import MergeSource

TABLES = """
CREATE TEMP TABLE stretch (model INTEGER, problem INTEGER, source INTEGER, first INTEGER, last INTEGER,
  there_model INTEGER, there_problem INTEGER, PRIMARY KEY (model, problem, source, first)) WITHOUT ROWID;
CREATE TEMP TABLE place (source INTEGER, there_model INTEGER, there_problem INTEGER, first INTEGER, last INTEGER,
  model INTEGER, problem INTEGER, begins INTEGER, step INTEGER);
"""
# An index that is made at once is quicker than one that grows.
_INDEX = "CREATE INDEX temp.place_of ON place (source, there_model, there_problem, first)"

# Only what the index of the samples' identity says is read. Few problems, if any, lack an index.
_STRETCHES = """
WITH asked AS (
  SELECT model_id, problem_id, min(sample_index) AS first, max(sample_index) AS last, count(*) AS n
  FROM src_sample GROUP BY model_id, problem_id),
found AS (
  SELECT model_id, problem_id, first, last FROM asked WHERE last - first + 1 = n
  UNION ALL
  SELECT model_id, problem_id, min(sample_index), max(sample_index) FROM (
    SELECT model_id, problem_id, sample_index,
      sample_index - row_number() OVER (PARTITION BY model_id, problem_id ORDER BY sample_index) AS missing
    FROM src_sample WHERE (model_id, problem_id) IN (
      SELECT model_id, problem_id FROM asked WHERE last - first + 1 != n))
  GROUP BY model_id, problem_id, missing)
INSERT INTO temp.stretch SELECT m.here, p.here, :source, f.first, f.last, f.model_id, f.problem_id
FROM found AS f JOIN temp.model_of AS m ON m.there = f.model_id JOIN temp.problem_of AS p ON p.there = f.problem_id"""

PLACE = """
temp.place AS p ON p.rowid = (SELECT o.rowid FROM temp.place AS o WHERE o.source = :source
  AND o.there_model = s.model_id AND o.there_problem = s.problem_id AND o.first <= s.sample_index
  ORDER BY o.first DESC LIMIT 1) AND p.last >= s.sample_index"""
"""SQL: the place, as p, of the sample s of a ledger. Joined, it drops a sample that has none."""
HERE_INDEX = "p.begins + (s.sample_index - p.first) * p.step"


class Stretch(NamedTuple):
    """Indices that a ledger has of a problem without a gap, both ends included."""

    source: int
    first: int
    last: int


class Place(NamedTuple):
    """What a stretch, or a part of one, becomes: `first` becomes `begins`, and each index after it `step` more."""

    source: int
    first: int
    last: int
    begins: int
    step: int

    @property
    def moved(self) -> int:
        """How many of its indices change."""
        count = self.last - self.first + 1
        if self.step == 1:
            return 0 if self.begins == self.first else count
        same, rest = divmod(self.first - self.begins, self.step - 1)
        return count - (rest == 0 and 0 <= same < count)


def stage_stretches(connection: sqlite3.Connection, source: MergeSource) -> None:
    """Of the ledger attached as `src`, once it fits."""
    connection.execute(_STRETCHES, {"source": source.number})


def number_anew(connection: sqlite3.Connection) -> int:
    """Gives every staged stretch its place; gives the number of samples that get another index than they had."""
    moved = 0
    connection.execute("BEGIN IMMEDIATE")
    staged = connection.execute("SELECT * FROM temp.stretch ORDER BY model, problem, source, first")
    for (model, problem), rows in groupby(staged, key=lambda row: row[:2]):
        there: dict[int, tuple[int, int]] = {}
        stretches: list[Stretch] = []
        for _, _, source, first, last, *ids in rows:
            there[source] = ids[0], ids[1]
            stretches.append(Stretch(source, first, last))
        places = list(interleaved(stretches))
        moved += sum(place.moved for place in places)
        connection.executemany(
            "INSERT INTO temp.place VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (place.source, *there[place.source], place.first, place.last, model, problem, *place[3:])
                for place in places
            ),
        )
    connection.execute("COMMIT")
    connection.execute(_INDEX)
    return moved


def interleaved(stretches: Iterable[Stretch]) -> Iterator[Place]:
    """Numbers one problem's samples from 0 without gaps: by their index, and those of a ledger named first before the
    others of the same index."""
    turns: defaultdict[int, list[int]] = defaultdict(list)
    for source, first, last in stretches:
        turns[first].append(source)
        turns[last + 1].append(source)
    have: list[int] = []
    begins = 0
    for first, after in pairwise(sorted(turns)):
        for source in turns[first]:
            if source in have:
                have.remove(source)
            else:
                insort(have, source)
        for position, source in enumerate(have):
            yield Place(source, first, after - 1, begins + position, len(have))
        begins += len(have) * (after - first)
