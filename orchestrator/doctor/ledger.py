"""Whether a ledger is sound: its file, its sums, who holds it. Reads only, also while a run writes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from orchestrator.booking.former_rules import FORMER
from orchestrator.doctor.finding import Finding
from orchestrator.doctor.place import place
from orchestrator.grammar import many
from orchestrator.ledger.file.lock import holder, is_held
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import TROUBLE, trouble
from orchestrator.ledger.reading.damaged_rows import damaged_rows
from orchestrator.ledger.verdict_sets.read import read_sets
from orchestrator.ledger.writing.batch_jobs import OF_OPEN_JOB
from orchestrator.ledger.writing.rebooking.under_booked import under_booked
from orchestrator.text.command import command
from orchestrator.text.raised_words import to_raise
from orchestrator.text.safe import safe

MOST_SHOWN = 5
AHEAD_S = 3600
RESTORE = "restore a copy made by `backup`, or recover it: sqlite3 OLD .recover | sqlite3 NEW"

# Each total of a model as the rows below it say. A presumed lease was a reservation of a server's time; what was billed
# of it, as a reconciliation found, is settled and bought no sample, and so is the loading and idle time of a server.
# What an agent's attempt has bought is its sample's once it ends; where a reply without usage is among it, the sample's
# cost is an upper bound.
SUMS = """
SELECT sweep.name AS sweep, model.alias AS alias,
  model.settled_pico, model.presumed_pico, model.reserved_pico, model.unused_pico, model.requests, model.retries,
  model.samples,
  coalesce(r.settled, 0) + coalesce(l.reconciled, 0) + coalesce(l.stood, 0) AS sum_settled_pico,
  coalesce(r.presumed, 0) + coalesce(l.presumed, 0) AS sum_presumed_pico,
  coalesce(r.reserved, 0) + coalesce(l.reserved, 0) + coalesce(a.held, 0) AS sum_reserved_pico,
  coalesce(r.unused, 0) + coalesce(l.reconciled, 0) + coalesce(l.stood, 0) AS sum_unused_pico,
  coalesce(r.requests, 0) AS sum_requests, coalesce(r.retries, 0) AS sum_retries,
  coalesce(s.samples, 0) AS sum_samples, coalesce(s.bought, 0) + coalesce(a.unfinished, 0) AS bought
FROM model JOIN sweep ON sweep.id = model.sweep_id
LEFT JOIN (SELECT model_id, sum(settled_pico) AS settled, sum(presumed_pico) AS presumed,
    sum(iif(state = 'reserved', reserved_pico, 0)) AS reserved, sum(unused_pico) AS unused,
    count(*) AS requests, sum(attempt > 1) AS retries FROM request GROUP BY model_id) AS r ON r.model_id = model.id
LEFT JOIN (SELECT model_id, sum(presumed_pico) AS presumed, sum(reserved_pico) AS reserved,
    sum(reconciled_pico) AS reconciled, sum(loading_pico + idle_pico) AS stood FROM lease
    GROUP BY model_id) AS l ON l.model_id = model.id
LEFT JOIN (SELECT model_id, count(*) AS samples, sum(CASE WHEN request_id IS NOT NULL THEN cost_pico
      WHEN agent_attempt_id IS NULL THEN 0 WHEN cost_basis != 'bound' THEN cost_pico
      ELSE (SELECT sum(c.settled_pico - c.unused_pico) FROM request AS c
        WHERE c.agent_attempt_id = sample.agent_attempt_id) END) AS bought
    FROM sample GROUP BY model_id) AS s ON s.model_id = model.id
LEFT JOIN (SELECT model_id, sum(held_pico) AS held, sum(iif(state = 'open', settled_pico, 0)) AS unfinished
    FROM agent_attempt GROUP BY model_id) AS a ON a.model_id = model.id
ORDER BY model.id"""
# What a reconciliation wrote down of a request or of a server's time, against what that says of itself.
RECONCILED = """
SELECT iif(i.request_id IS NULL, 'lease ' || i.lease_id, 'request ' || i.request_id) AS what
FROM reconciled AS i LEFT JOIN request AS r ON r.id = i.request_id LEFT JOIN lease AS l ON l.id = i.lease_id
WHERE i.model_id IS NOT coalesce(r.model_id, l.model_id)
  OR iif(i.request_id IS NOT NULL,
    r.state != 'settled' OR r.cost_basis IS NOT 'reconciled' OR r.settled_pico != i.settled_pico
      OR r.unused_pico != i.unused_pico OR r.presumed_pico != 0,
    l.reconciled_pico != i.settled_pico OR i.unused_pico != i.settled_pico OR l.presumed_pico != 0)
UNION ALL
SELECT 'request ' || id FROM request WHERE cost_basis = 'reconciled'
  AND id NOT IN (SELECT request_id FROM reconciled WHERE request_id IS NOT NULL)
UNION ALL
SELECT 'lease ' || id FROM lease WHERE reconciled_pico != 0
  AND id NOT IN (SELECT lease_id FROM reconciled WHERE lease_id IS NOT NULL)"""

# A server's time: its requests are settled out of it, so that both say the same.
LEASES = """
SELECT model.alias, sum(l.settled) AS leased, sum(r.settled) AS settled
FROM (SELECT model_id, sum(settled_pico) AS settled FROM lease GROUP BY model_id) AS l
JOIN (SELECT model_id, sum(iif(cost_basis = 'reconciled', 0, settled_pico)) AS settled FROM request GROUP BY model_id)
  AS r ON r.model_id = l.model_id
JOIN model ON model.id = l.model_id GROUP BY model.id HAVING leased != r.settled"""
TOTALS = (
    "settled_pico",
    "presumed_pico",
    "reserved_pico",
    "unused_pico",
    "requests",
    "retries",
    "samples",
)


def ledger_findings(db: Path) -> list[Finding]:
    """Raises InputError for what is no ledger at all; a damaged one is a finding."""
    held = is_held(db)
    with closing(open_reader(db)) as connection:
        try:
            connection.execute("BEGIN")  # one moment for all figures
            found = [
                *_sound(connection, db),
                *_sums(connection),
                *_rows(connection),
                *_under_booked(connection),
                *_state(connection, db, held=held),
            ]
        except TROUBLE as error:
            what, _ = trouble(error, db)
            found = [Finding("missing", "ledger", f"{db} can't be read: {what}", RESTORE)]
    return [*found, *place(db)]


def _sound(connection: sqlite3.Connection, db: Path) -> Iterator[Finding]:
    broken = [row[0] for row in connection.execute(f"PRAGMA integrity_check({MOST_SHOWN})")]
    if broken != ["ok"]:
        yield Finding("missing", "ledger", f"{db} is damaged: {'; '.join(broken)}", RESTORE)
        return
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    if lost is not None:
        text = f"{db}: row {lost[1]} of {lost[0]} refers to a missing row of {lost[2]}"
        yield Finding("missing", "ledger", text, RESTORE)
        return
    samples, verdicts = connection.execute("SELECT count(*), count(passed) FROM sample").fetchone()
    yield Finding("ok", "ledger", f"{db} is intact: {many(samples, 'sample')}, {verdicts:,} with a verdict")


def _sums(connection: sqlite3.Connection) -> Iterator[Finding]:
    rows = connection.execute(SUMS).fetchall()
    wrong = False
    for row in rows:
        name = f"{row['alias']} of {row['sweep']}"
        differ = [
            f"{total} says {row[total]}, but its rows add up to {row[f'sum_{total}']}"
            for total in TOTALS
            if row[total] != row[f"sum_{total}"]
        ]
        if row["bought"] + row["sum_unused_pico"] != row["sum_settled_pico"]:
            differ.append(
                f"its samples' shares and unused dollars are {row['bought'] + row['sum_unused_pico']} "
                f"pico-dollars, its settled requests {row['sum_settled_pico']}"
            )
        for line in differ:
            wrong = True
            yield Finding(
                "missing", "sums", f"{name}: {line}", "please report this, with a copy of the ledger"
            )
    for line in (*_history(connection), *_leases(connection)):
        wrong = True
        yield Finding("missing", "sums", line, "please report this, with a copy of the ledger")
    if not wrong:
        yield Finding("ok", "sums", f"every total agrees with its rows; models: {len(rows)}")


def _rows(connection: sqlite3.Connection) -> Iterator[Finding]:
    for line in damaged_rows(connection, MOST_SHOWN):
        yield Finding("missing", "rows", f"a damaged row: {line}", RESTORE)


def _under_booked(connection: sqlite3.Connection) -> Iterator[Finding]:
    found = list(under_booked(connection, FORMER))
    if not found:
        return
    names = ", ".join(f"{one.request_id} of {one.alias} ({one.raised.why})" for one in found[:MOST_SHOWN])
    more = " …" if len(found) > MOST_SHOWN else ""
    yield Finding(
        "note",
        "booked low",
        to_raise(len(found), sum(one.short_pico for one in found), f"request {names}{more}"),
        "the next run raises them before it sends anything, and the budget counts the difference",
    )


def _history(connection: sqlite3.Connection) -> Iterator[str]:
    differ = [row["what"] for row in connection.execute(RECONCILED)]
    if differ:
        shown = ", ".join(differ[:MOST_SHOWN]) + (" …" if len(differ) > MOST_SHOWN else "")
        yield f"the history of reconciliations disagrees with the requests in it {many(len(differ), 'time')}: {shown}"


def _leases(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute(LEASES):
        yield (
            f"{row['alias']}: its servers' leases say {row['leased']} pico-dollars were paid out of them, "
            f"its requests {row['settled']}"
        )


def _state(connection: sqlite3.Connection, db: Path, *, held: bool) -> Iterator[Finding]:
    if held:
        yield Finding("note", "lock", f"a running process writes this ledger: {holder(db)}")
    else:
        yield Finding("ok", "lock", "no process writes this ledger")
        (left,) = connection.execute(
            f"SELECT count(*) FROM request WHERE state = 'reserved' AND NOT {OF_OPEN_JOB}"
        ).fetchone()
        (batches,) = connection.execute("SELECT count(*) FROM batch_job WHERE ended_at IS NULL").fetchone()
        if batches:
            text = f"batches still open at their vendor: {batches}"
            yield Finding(
                "note",
                "batches",
                text,
                f"the next run collects their results; to end them: {command('cancel SWEEP')}",
            )
        if left:
            text = f"requests left open by a killed run: {left}"
            yield Finding(
                "note",
                "requests",
                text,
                "they may have been billed; the next run counts them at their worst case",
            )
    sets = read_sets(connection)
    if len(sets) > 1:
        names = ", ".join(safe(one.name, 60) + (" (current)" if one.current else "") for one in sets)
        yield Finding("ok", "verdict sets", names)
    (unjudged,) = connection.execute("SELECT count(*) FROM sample WHERE verifier IS NULL").fetchone()
    if unjudged and not held:
        yield Finding(
            "note", "verdicts", f"samples without a verdict: {unjudged:,}", command("verify {}", db)
        )
    (latest,) = connection.execute("SELECT max(created_at) FROM sample").fetchone()
    if latest is not None and latest > time.time() + AHEAD_S:
        text = "the newest sample has a time in the future"
        yield Finding("note", "clock", text, "check this machine's clock")
