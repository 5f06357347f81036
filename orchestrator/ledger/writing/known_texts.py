"""Which texts a ledger has, by problem: a text that repeats within its problem is kept once, in the row of the sample
that had it first, and the others' rows name that one (sample.text_of)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orchestrator.ledger.writing.many_rows import ManyRows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from orchestrator.ledger.writing.rows import SampleRow

SHORTEST = 16
"""Characters. Below them a row takes as much room as the text."""
MOST = 1 << 17
"""Texts that are known for sure, by their hash, some 15 MB; as many that came before them are known too."""
MOST_CHARACTERS = 1 << 23
"""Of the texts that are at hand themselves. Others are read from the ledger where their hash comes again."""
LOOKED_AT = 128
"""A problem's samples of each model whose texts are read where an earlier run, or another program, wrote them."""

_TEXTS = ManyRows(
    "SELECT s.id, s.text FROM (", 1, ") AS wanted CROSS JOIN sample AS s ON s.id = wanted.column1"
)
_NEXT_ID = "SELECT coalesce(max(id), 0) + 1 FROM sample"
_EARLIER = f"""
SELECT s.id, s.text FROM model JOIN sample AS s ON s.id IN (SELECT id FROM sample
  WHERE model_id = model.id AND problem_id = ?1 AND id < ?2 ORDER BY sample_index LIMIT {LOOKED_AT})
WHERE s.text_of IS NULL ORDER BY s.id DESC"""


class Said(NamedTuple):
    """What of a sample matters here."""

    problem_id: int
    text: str


class KnownTexts:
    """Of one ledger, for the one connection that writes it."""

    def __init__(self) -> None:
        self._new: dict[int, int] = {}
        self._old: dict[int, int] = {}
        """Samples by the hash of their problem and text."""
        self._at_hand: dict[int, str] = {}
        self._characters = 0
        self._first_id = 0
        self._next_id = 0
        self._read: set[int] = set()
        """Problems whose earlier texts are known."""

    def place(
        self, connection: sqlite3.Connection, samples: Sequence[SampleRow | Said]
    ) -> tuple[int, dict[int, int]]:
        """For samples about to be written, in this order: the id of the first, and for each one whose text a sample of
        its problem has already the id of that one, by its own. The caller holds the transaction. Raises
        sqlite3.Error."""
        if not self._next_id:
            (self._next_id,) = connection.execute(_NEXT_ID).fetchone()
            self._first_id = self._next_id
        if self._first_id > 1:
            self._read_earlier(connection, {sample.problem_id for sample in samples})
        first, self._next_id = self._next_id, self._next_id + len(samples)
        new, old = self._new, self._old
        alike: dict[int, int] = {}
        for number, sample in enumerate(samples, first):
            text = sample.text
            if len(text) < SHORTEST:
                continue
            key = hash((sample.problem_id, text))
            found = new.get(key) or (old.get(key) if old else None)
            if found is None:
                new[key] = number
                self._at_hand[number] = text
                self._characters += len(text)
            else:
                alike[number] = found
        if len(new) > MOST:
            self._old, self._new = new, {}
        same = self._same(connection, samples, first, alike) if alike else alike
        if self._characters > MOST_CHARACTERS:
            self._at_hand, self._characters = {}, 0
        return first, same

    def forget(self, first: int, samples: Sequence[SampleRow | Said]) -> None:
        """Those placed last, from the id `first` on, which were not written after all."""
        for sample in samples:
            key = hash((sample.problem_id, sample.text))
            if self._new.get(key, 0) >= first:
                self._at_hand.pop(self._new.pop(key), None)

    def _read_earlier(self, connection: sqlite3.Connection, problem_ids: set[int]) -> None:
        for problem_id in problem_ids - self._read:
            self._read.add(problem_id)
            for number, text in connection.execute(_EARLIER, (problem_id, self._first_id)):
                if len(text) >= SHORTEST:
                    self._new[hash((problem_id, text))] = number

    def _same(
        self,
        connection: sqlite3.Connection,
        samples: Sequence[SampleRow | Said],
        first: int,
        alike: dict[int, int],
    ) -> dict[int, int]:
        """Those whose texts are the same, as their hashes are."""
        at_hand = self._at_hand
        elsewhere = {found for found in alike.values() if found not in at_hand}
        if elsewhere:
            read: dict[int, str] = dict(_TEXTS.fetch(connection, [(number,) for number in elsewhere]))
            at_hand = at_hand | read
        return {
            number: found
            for number, found in alike.items()
            if samples[number - first].text == at_hand.get(found)
        }
