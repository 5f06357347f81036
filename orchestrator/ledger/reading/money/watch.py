"""How a run stands, read from its ledger again and again by another process: the figures of the live display."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING

from orchestrator.ledger.file.lock import is_held
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.money.failures import error_counts
from orchestrator.ledger.reading.money.planned_by_policy import planned_as_said, planned_by_policy
from orchestrator.ledger.reading.money.servers import read_servers
from orchestrator.ledger.reading.money.solved_by_any import (
    count_solved_by_any,
    is_steered,
    solved_by_any,
)
from orchestrator.ledger.reading.outcomes.first_passes import of_policy
from orchestrator.ledger.reading.samples.sample_counts import count_samples
from orchestrator.moment import at_moment
from orchestrator.pace import Pace
from orchestrator.progress import ENDED, ModelProgress, Progress, last_eta_s

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RATE_WINDOW_S = 30.0
_MOMENT = "SELECT said FROM moment WHERE run_id = (SELECT max(id) FROM run)"
"""Whoever was killed left theirs."""
# By the index that has a problem's passes together, and those without a verdict: wrong samples aren't looked at.
_JUDGED = """
SELECT count(ordinal),
  coalesce(sum((SELECT count(*) FROM sample AS s
    WHERE s.model_id = :model AND s.problem_id = problem.id AND s.passed IS NULL)), 0),
  coalesce(sum((SELECT count(*) FROM sample AS s
    WHERE s.model_id = :model AND s.problem_id = problem.id AND s.passed = 1)), 0)
FROM problem WHERE sweep_id = :sweep
"""


class Watched:
    """One ledger. Each `read` is one short read transaction: it never blocks the writer nor holds back a checkpoint
    for longer than it lasts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._history: dict[int, deque[tuple[float, int]]] = {}
        self._pace = Pace()
        self.took_s = 0.0
        """What the last read took."""

    def read(self) -> Progress:
        """Raises InputError for what is no ledger."""
        started = time.monotonic()
        running = is_held(self._path)
        with reading(self._path), closing(open_reader(self._path)) as connection:
            connection.execute("BEGIN")  # one moment for all figures
            found = self._progress(connection, started, running=running)
        self.took_s = time.monotonic() - started
        return found

    def _progress(self, connection: sqlite3.Connection, now: float, *, running: bool) -> Progress:
        sweep = connection.execute("SELECT name, budget_pico FROM sweep ORDER BY id LIMIT 1").fetchone()
        run = connection.execute(
            "SELECT status, reason, started_at, ended_at FROM run ORDER BY id DESC LIMIT 1"
        ).fetchone()
        sweeps = [row["id"] for row in connection.execute("SELECT id FROM sweep")]
        over = {each: solved_by_any(connection, each) for each in sweeps if is_steered(connection, each)}
        solved = sum(count_solved_by_any(connection, each) for each in over) if over else None
        planned = planned_by_policy(connection, solved, running=running)
        models = tuple(
            self._model(connection, row, now, over.get(row["sweep_id"], set()), planned, running=running)
            for row in connection.execute("SELECT * FROM model ORDER BY id").fetchall()
        )
        counted = [m for m in models if not m.replayed]
        spent = sum(m.settled_pico + m.presumed_pico for m in counted)
        self._pace.seen(now, pico=spent, replies=sum(m.done for m in models))
        read = Progress(
            name=self._path.name if sweep is None else sweep["name"],
            phase=_phase(run, running=running),
            budget_pico=0 if sweep is None else sweep["budget_pico"] or 0,
            settled_pico=sum(m.settled_pico for m in counted),
            presumed_pico=sum(m.presumed_pico for m in counted),
            reserved_pico=sum(m.reserved_pico for m in counted),
            replayed_pico=sum(m.settled_pico for m in models if m.replayed),
            elapsed_s=0.0 if run is None else max(0.0, (run["ended_at"] or time.time()) - run["started_at"]),
            eta_s=last_eta_s(models, None) if running else None,
            pico_per_s=self._pace.pico_per_s,
            since_reply_s=self._pace.since_reply_s(now) if running else None,
            at=time.time(),
            unverified=sum(m.done - m.verified for m in models),
            solved_by_any=solved,
            models=models,
            servers=read_servers(connection) if running else (),
            note=None if run is None or running else run["reason"],
        )
        said = connection.execute(_MOMENT).fetchone() if running else None
        return read if said is None else at_moment(read, said["said"])

    def _model(
        self,
        connection: sqlite3.Connection,
        model: sqlite3.Row,
        now: float,
        over: set[int],
        planned: Mapping[str, int],
        *,
        running: bool,
    ) -> ModelProgress:
        counts = planned_as_said(count_samples(connection, model, over), planned.get(model["alias"]))
        done, lacking = counts["done"], counts["planned"] - counts["done"] - counts["failed"]
        problems, unjudged, passed = connection.execute(
            _JUDGED, {"model": model["id"], "sweep": model["sweep_id"]}
        ).fetchone()
        if not problems:  # of a ledger that no run made, those of its samples
            (problems,) = connection.execute(
                "SELECT count(DISTINCT problem_id) FROM sample WHERE model_id = ?", (model["id"],)
            ).fetchone()
        requests, samples = connection.execute(
            "SELECT count(*), coalesce(sum(n), 0) FROM request WHERE model_id = ? AND state = 'reserved'",
            (model["id"],),
        ).fetchone()
        errors = error_counts(connection, model["id"])
        rate = self._rate(model["id"], done, now) if running else 0.0
        return ModelProgress(
            alias=model["alias"],
            replayed=bool(model["replayed"]),
            done=done,
            planned=counts["planned"],
            failed=counts["failed"],
            in_flight_requests=requests,
            in_flight_samples=samples,
            samples_per_s=rate,
            settled_pico=model["settled_pico"],
            presumed_pico=model["presumed_pico"],
            reserved_pico=model["reserved_pico"],
            requests=model["requests"],
            retries=model["retries"],
            problems=problems,
            solved_problems=counts["solved"],
            verified=done - unjudged,
            passed=passed,
            stopped=model["stopped"],
            steered=of_policy(connection, model["id"]) is not None,
            eta_s=0.0 if not lacking else lacking / rate if rate > 0 else None,
            errors=errors,
        )

    def _rate(self, model_id: int, done: int, now: float) -> float:
        history = self._history.setdefault(model_id, deque())
        history.append((now, done))
        while now - history[0][0] > RATE_WINDOW_S:
            history.popleft()
        since, before = history[0]
        return (done - before) / (now - since) if now > since else 0.0


def _phase(run: sqlite3.Row | None, *, running: bool) -> str:
    if running:
        return "sampling"
    if run is None:
        return "imported"
    status: str = run["status"]
    return "killed" if status == "running" else ENDED.get(status, status)
