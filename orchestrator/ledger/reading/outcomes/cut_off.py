"""How far draws that stop at a success would have gone had nothing been solved, where a budget or an interruption cut
them off: whether they got any further was up to their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.ledger.reading.for_run.samples_wanted import samples_wanted
from orchestrator.ledger.reading.outcomes.first_passes import of_policy

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orchestrator.ledger.reading.outcomes.judged import Judged


def sure_k(
    connection: sqlite3.Connection,
    model: sqlite3.Row,
    by: Judged,
    keys: Sequence[str],
    drawn: NDArray[np.int64],
    first: NDArray[np.int64],
    *,
    asked: int,
) -> int | None:
    """None of draws that ended by themselves. `keys`, `drawn` and `first` are by problem: its key, its samples, lost
    ones too, and at which trial it was solved, 0 if it wasn't. `asked`: all problems of the plan."""
    unsolved = first == 0
    if not _is_cut_off(model, keys, drawn, unsolved):
        return None
    failed = f"iif({'accepted' if by.stopped_by is not None else 'judged'} = 0, cost_pico, NULL)"
    samples, known, cost, of_failed = connection.execute(
        f"SELECT count(*), count(cost_pico), sum(cost_pico), avg({failed}) FROM {by.source(all_draws=True)}",
        (model["id"],),
    ).fetchone()
    if of_policy(connection, model["id"]) == "cascade":
        # What later stages took would have been the first one's.
        (cost,) = connection.execute(
            "SELECT sum(cost_pico) FROM sample JOIN model ON model.id = model_id WHERE sweep_id = ?",
            (model["sweep_id"],),
        ).fetchone()
    tries = cost / of_failed if known == samples and of_failed else samples
    reached = max(1, int(tries / max(asked, len(keys))))
    # Rounds of several samples go from one power of two to the next, if not in smaller steps.
    return 1 << (reached.bit_length() - 1) if _are_packed(connection, model["id"]) else reached


def _are_packed(connection: sqlite3.Connection, model_id: int) -> bool:
    """Whether any request carried several samples."""
    several = (
        "SELECT 1 FROM request WHERE model_id = ?1 AND n > 1",
        "SELECT 1 FROM merged_request WHERE model_id = ?1 AND n > 1",
        (
            "SELECT 1 FROM sample WHERE model_id = ?1 AND request_ref IS NOT NULL GROUP BY problem_id, request_ref "
            "HAVING count(*) > 1"
        ),
    )
    return any(connection.execute(f"{query} LIMIT 1", (model_id,)).fetchone() for query in several)


def _is_cut_off(
    model: sqlite3.Row, keys: Sequence[str], drawn: NDArray[np.int64], unsolved: NDArray[np.bool_]
) -> bool:
    """Whether an unsolved problem has fewer samples than were to be drawn; of imported draws, than another has."""
    if not unsolved.any():
        return False
    if model["samples_wanted"] is None:
        return bool(drawn[unsolved].min() < drawn[unsolved].max())
    wanted = samples_wanted(model)
    return any(drawn[at] < wanted(key) for at, key in enumerate(keys) if unsolved[at])
