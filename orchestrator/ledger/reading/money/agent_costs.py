"""What the attempts of agents took: calls, cached input, and those without a sample or an exact cost."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

_ATTEMPTS = """
SELECT model.alias, sum(a.state = 'done'), sum(a.state = 'open'), sum(a.state = 'lost'),
  sum(a.calls) FILTER (WHERE a.state = 'done'),
  (SELECT sum(s.cost_pico) FROM sample AS s WHERE s.model_id = model.id AND s.cost_basis = 'bound'),
  (SELECT sum(s.cost_pico) FROM sample AS s WHERE s.model_id = model.id),
  (SELECT sum(s.cached_tokens) * 1.0 / nullif(sum(s.prompt_tokens), 0) FROM sample AS s WHERE s.model_id = model.id)
FROM (SELECT model_id, state, calls FROM agent_attempt
  UNION ALL SELECT model_id, state, calls FROM merged_attempt) AS a
JOIN model ON model.id = a.model_id GROUP BY model.id
"""


@dataclass(frozen=True, slots=True)
class AgentCosts:
    """Of one agent's model."""

    attempts: int
    """That brought a sample."""
    open: int
    """Interrupted, and not gone on with."""
    lost: int
    calls_per_attempt: float | None
    bound_share: float
    """Of its samples' dollars, what enters at its upper bound: a reply came without usage."""
    cached_share: float | None
    """Of its samples' input."""


def count_interrupted(connection: sqlite3.Connection, model_id: int) -> int:
    """Attempts that no run works on and that the next one goes on with. Only for a ledger at rest."""
    sql = "SELECT count(*) FROM agent_attempt WHERE model_id = ? AND state = 'open'"
    return connection.execute(sql, (model_id,)).fetchone()[0]


def read_agent_costs(paths: Sequence[Path]) -> dict[str, AgentCosts]:
    """By alias; of several ledgers that have one, the last's. Empty without agents."""
    found: dict[str, AgentCosts] = {}
    for path in paths:
        with reading(path), closing(open_reader(path)) as connection:
            for alias, done, left, lost, calls, bound, total, cached in map(
                tuple, connection.execute(_ATTEMPTS)
            ):
                each = calls / done if done and calls is not None else None
                share = (bound or 0) / total if total else 0.0
                found[alias] = AgentCosts(done, left, lost, each, share, cached)
    return found
