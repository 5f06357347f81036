"""Agents' attempts, booked anew from their calls: after a reconciliation, or at other prices, what a call cost is
something else than when its sample was made."""

from __future__ import annotations

import sqlite3

_OF_AGENTS = "agent_attempt_id IS NOT NULL"
_CALLS = f"""
UPDATE request SET unused_pico = iif((SELECT state FROM agent_attempt WHERE id = request.agent_attempt_id) = 'open'
  OR (SELECT e.delivered AND a.state = 'done' FROM exchange AS e JOIN agent_attempt AS a
      ON a.id = request.agent_attempt_id WHERE e.request_id = request.id), 0, settled_pico)
WHERE {_OF_AGENTS}"""
_HISTORY = f"""
UPDATE reconciled SET unused_pico = (SELECT unused_pico FROM request WHERE request.id = reconciled.request_id)
WHERE request_id IN (SELECT id FROM request WHERE {_OF_AGENTS})"""
_ATTEMPTS = """
UPDATE agent_attempt AS a SET
  settled_pico = (SELECT coalesce(sum(r.settled_pico), 0) FROM request AS r WHERE r.agent_attempt_id = a.id),
  presumed_pico = (SELECT coalesce(sum(r.presumed_pico), 0) FROM request AS r WHERE r.agent_attempt_id = a.id)"""
_DELIVERED = """
(SELECT coalesce(sum({what}), 0) FROM request AS r JOIN exchange AS e ON e.request_id = r.id
  WHERE r.agent_attempt_id = sample.agent_attempt_id AND e.delivered)"""
_SAMPLES = f"""
UPDATE sample SET cost_pico = {_DELIVERED.format(what="r.settled_pico + r.presumed_pico")},
  cost_basis = CASE WHEN {_DELIVERED.format(what="r.presumed_pico")} THEN 'bound'
    WHEN cost_basis = 'bound' THEN 'usage' ELSE cost_basis END
WHERE {_OF_AGENTS}"""
_TOTALS = """
UPDATE model SET unused_pico = (SELECT coalesce(sum(unused_pico), 0) FROM request WHERE model_id = model.id)
  + (SELECT coalesce(sum(reconciled_pico + loading_pico + idle_pico), 0) FROM lease WHERE model_id = model.id)
WHERE id IN (SELECT model_id FROM agent_attempt)"""


def rebook_attempts(connection: sqlite3.Connection) -> None:
    """The caller holds the transaction, and has changed nothing but what requests settled at or are presumed at."""
    for statement in (_CALLS, _HISTORY, _ATTEMPTS, _SAMPLES, _TOTALS):
        connection.execute(statement)
