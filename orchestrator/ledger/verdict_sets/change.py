"""Sets of verdicts made and made current. Nothing is replaced: the verdicts of the set that was current are kept, and
so are those of another version of the same verifier, under a name of their own."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.steps import FIRST_SET
from orchestrator.ledger.verdict_sets.read import VerdictSet, current_set, read_sets
from orchestrator.text.safe import safe

MOST_NAME = 100

_KEEP = """
INSERT OR REPLACE INTO set_verdict (set_id, sample_id, passed, score, answer, verifier)
SELECT :set, id, passed, score, answer, verifier FROM sample WHERE verifier IS NOT NULL"""
_PUT = """
UPDATE sample SET passed = v.passed, score = v.score, answer = v.answer, verifier = v.verifier
FROM set_verdict AS v WHERE v.set_id = :set AND v.sample_id = sample.id"""
_CLEAR = """
UPDATE sample SET passed = NULL, score = NULL, answer = NULL, verifier = NULL
WHERE verifier IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM set_verdict AS v WHERE v.set_id = :set AND v.sample_id = sample.id)"""
_TAKEN = "DELETE FROM set_verdict WHERE set_id = :set"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSet:
    """A set that verdicts are to be made for. `where` names what the user wrote, `rename` what would mend it."""

    name: str
    kind: str
    version: str
    options: Mapping[str, Any]
    where: str
    remedy: str

    @property
    def verifier(self) -> str:
        """kind/version, as its verdicts say it."""
        return f"{self.kind}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChange:
    """`before`: the set that was current, where that is another. `kept_as`: the name under which verdicts of another
    version are kept."""

    now: VerdictSet
    before: VerdictSet | None
    kept_as: str | None


def checked_name(name: str, where: str) -> str:
    """Raises InputError for what can't name a set."""
    if not name.strip() or len(name) > MOST_NAME or not name.isprintable() or name != name.strip():
        raise InputError(
            where, f"{safe(name, 60)!r} can't name a set of verdicts", "use a short word, such as strict"
        )
    return name


def begin_set(connection: sqlite3.Connection, wanted: WantedSet) -> SetChange:
    """Makes the set where there is none of that name, and makes it current. The caller holds the transaction. Raises
    InputError where the name is taken by another kind, or by other options."""
    _adopt(connection)
    there = {one.name: one for one in read_sets(connection)}
    found = there.get(wanted.name)
    before = next((one for one in there.values() if one.current), None)
    kept_as = None
    if found is not None and _is_empty(connection, found):
        connection.execute(
            "UPDATE verdict_set SET kind = ?, version = ?, options = ? WHERE id = ?",
            (wanted.kind, wanted.version, json.dumps(dict(wanted.options)), found.set_id),
        )
    elif found is not None:
        refuse_other_options(found, wanted)
        if found.version != wanted.version:
            kept_as = _free_name(f"{found.name}@{found.version}", set(there))
            connection.execute("UPDATE verdict_set SET name = ? WHERE id = ?", (kept_as, found.set_id))
            found = None
    if found is None:
        connection.execute(
            "INSERT INTO verdict_set (name, kind, version, options, made_at) VALUES (?, ?, ?, ?, ?)",
            (wanted.name, wanted.kind, wanted.version, json.dumps(dict(wanted.options)), time.time()),
        )
    (set_id,) = connection.execute("SELECT id FROM verdict_set WHERE name = ?", (wanted.name,)).fetchone()
    make_current(connection, set_id)
    _keep_strangers(connection, wanted)
    now = current_set(connection)
    assert now is not None
    if before is not None and before.set_id != set_id:
        before = next(one for one in read_sets(connection) if one.set_id == before.set_id)
        return SetChange(now=now, before=before, kept_as=kept_as)
    return SetChange(now=now, before=None, kept_as=kept_as)


def refuse_other_options(found: VerdictSet, wanted: WantedSet) -> None:
    """Raises InputError. What makes no difference to a verdict, such as a stated default, is no other option."""
    if found.kind == wanted.kind and (
        found.options == dict(wanted.options) or found.version == wanted.version
    ):
        return
    was = f"of kind {found.kind}" if found.kind != wanted.kind else f"made with {_words(found.options)}"
    now = wanted.kind if found.kind != wanted.kind else _words(wanted.options)
    raise InputError(
        wanted.where,
        f"the set of verdicts {safe(wanted.name, 60)!r} of this ledger is {was}, not {now}",
        wanted.remedy,
    )


def _is_empty(connection: sqlite3.Connection, one: VerdictSet) -> bool:
    """Whether it has no verdict yet, as that of a kind that judges after the run: then it can still be any."""
    if one.current:
        found = connection.execute("SELECT 1 FROM sample WHERE verifier IS NOT NULL LIMIT 1")
    else:
        found = connection.execute("SELECT 1 FROM set_verdict WHERE set_id = ? LIMIT 1", (one.set_id,))
    return found.fetchone() is None


def make_current(connection: sqlite3.Connection, set_id: int) -> None:
    """The caller holds the transaction."""
    before = current_set(connection)
    if before is not None and before.set_id == set_id:
        return
    if before is not None:
        connection.execute(_KEEP, {"set": before.set_id})
        connection.execute("UPDATE verdict_set SET current = 0 WHERE current = 1")
    connection.execute(_CLEAR, {"set": set_id})
    connection.execute(_PUT, {"set": set_id})
    connection.execute(_TAKEN, {"set": set_id})
    connection.execute("UPDATE verdict_set SET current = 1 WHERE id = ?", (set_id,))


def _adopt(connection: sqlite3.Connection) -> None:
    """Verdicts that belong to no set, as another program may leave them, become one."""
    if connection.execute("SELECT 1 FROM verdict_set LIMIT 1").fetchone() is None:
        connection.execute(FIRST_SET, {"now": time.time()})


def _keep_strangers(connection: sqlite3.Connection, wanted: WantedSet) -> None:
    """Verdicts among the current set's that another verifier gave would be given anew: they are kept apart."""
    verifier = wanted.verifier
    rows = connection.execute(
        "SELECT DISTINCT verifier FROM sample WHERE verifier IS NOT NULL AND verifier IS NOT ?", (verifier,)
    ).fetchall()
    for (stranger,) in rows:
        kind, _, version = stranger.partition("/")
        name = _free_name(kind, {one.name for one in read_sets(connection)})
        set_id = connection.execute(
            "INSERT INTO verdict_set (name, kind, version, options, made_at) VALUES (?, ?, ?, '{}', ?)",
            (name, kind, version, time.time()),
        ).lastrowid
        connection.execute(f"{_KEEP} AND verifier = :verifier", {"set": set_id, "verifier": stranger})


def _free_name(name: str, taken: set[str]) -> str:
    base = name[: MOST_NAME - 10]
    number, free = 1, base
    while free in taken:
        number += 1
        free = f"{base}#{number}"
    return free


def _words(options: Mapping[str, Any]) -> str:
    words = ", ".join(f"{safe(key, 40)} = {safe(json.dumps(value), 80)}" for key, value in options.items())
    return words or "no options"
