"""What is still reserved when nobody waits for it any more may have been billed: it becomes presumed."""

from __future__ import annotations

import sqlite3

from orchestrator.ledger.writing.batch_jobs import OF_OPEN_JOB, free_unsent

_KEPT = f"""(SELECT coalesce(sum(r.reserved_pico), 0) FROM request AS r
  WHERE r.model_id = model.id AND r.state = 'reserved' AND {OF_OPEN_JOB})"""
"""What a model's open batches hold: no leftover, since they go on at the vendor."""
_HELD = "(SELECT coalesce(sum(a.held_pico), 0) FROM agent_attempt AS a WHERE a.model_id = model.id)"
"""What its agents' attempts hold beside their calls: nothing was sent for it, so it is free."""

PRESUME_TOTALS = f"""
UPDATE model SET presumed_pico = presumed_pico + reserved_pico - {_KEPT} - {_HELD}, reserved_pico = {_KEPT}
WHERE reserved_pico != 0"""

RELEASE_HOLDS = """
UPDATE agent_attempt SET held_pico = 0, presumed_pico = presumed_pico +
  (SELECT coalesce(sum(r.reserved_pico), 0) FROM request AS r
   WHERE r.agent_attempt_id = agent_attempt.id AND r.state = 'reserved')
WHERE state = 'open'"""
"""Once the totals are right and before the requests are: an attempt bears its own calls in flight."""

PRESUME_REQUESTS = f"""
UPDATE request SET state = 'presumed', presumed_pico = reserved_pico, cost_basis = 'none', ended_at = ?,
  error = 'Interrupted', error_message = 'the run ended while this request was in flight'
WHERE state = 'reserved' AND NOT {OF_OPEN_JOB}"""

PRESUME_LEASES = """
UPDATE lease SET presumed_pico = reserved_pico, reserved_pico = 0, ended_at = ? WHERE ended_at IS NULL"""


def presume_leftovers(connection: sqlite3.Connection, now: float) -> int:
    """Requests still reserved belong to a process that is gone: they may have been billed, so they are presumed. Those
    of a batch that was never submitted are free, and those of one that was stay reserved: it can be asked for them."""
    free_unsent(connection, now)
    connection.execute(PRESUME_TOTALS)
    connection.execute(PRESUME_LEASES, (now,))
    connection.execute(RELEASE_HOLDS)
    return connection.execute(PRESUME_REQUESTS, (now,)).rowcount
