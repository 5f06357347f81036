"""A run whose agents are coroutines of this process: all between them and the vendor's socket is real."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.doctor.ledger import ledger_findings
from orchestrator.gateway.attempt import OpenAttempt
from orchestrator.gateway.ending import EndedBy, Ending
from orchestrator.gateway.gateway import Gateway
from orchestrator.run.agents.attempts import Attempts
from orchestrator.run.prepare import prepare
from orchestrator.run.run_sweep import Options, Result, run_sweep
from orchestrator.scheduler.lane import Ticket
from orchestrator.sending.signals import Signals
from orchestrator.sweep.load import load
from tests.orchestrator.run.books import check_books, money, one, rows
from tests.orchestrator.run.sweeps import SweepFile, model

if TYPE_CHECKING:
    from tests.loopback.vendor import Vendor

Program = Callable[[Gateway, OpenAttempt], Awaitable[str]]
"""What an agent does with its attempt; gives its output."""


@dataclass
class Failed(Exception):  # noqa: N818
    """The program leaves with this exit status."""

    status: int = 1
    output: str = ""


@dataclass
class InProcess:
    """Takes the place of programs and their sandbox, nothing else."""

    program: Program
    ended: list[EndedBy] = field(default_factory=list)
    most: int = 0
    held: list[int] = field(default_factory=list)

    async def perform(self, attempts: Attempts, ticket: Ticket) -> None:
        gateway: Gateway = attempts._gateway
        attempt = await gateway.open(ticket)
        self.most = max(self.most, len(gateway.open_attempts))
        working = asyncio.ensure_future(self.program(gateway, attempt))
        over = asyncio.ensure_future(attempt.over())
        try:
            await asyncio.wait({working, over}, return_when=asyncio.FIRST_COMPLETED)
            by = EndedBy.EXIT if working.done() else over.result()
        finally:
            working.cancel()
            over.cancel()
            await asyncio.gather(working, over, return_exceptions=True)
        status, output = 0, ""
        if working.done() and not working.cancelled():
            error = working.exception()
            if isinstance(error, Failed):
                status, output = error.status, error.output
            elif error is not None:
                raise error
            else:
                output = working.result()
        if by is EndedBy.EXIT and attempt.refused_at is not None:
            by = EndedBy.CAP
        self.ended.append(by)
        outcome = await gateway.close(attempt, Ending(by=by, exit_status=status, output=output))
        if outcome is not None:
            await attempts._arrived(ticket, outcome)


def agent_model(
    vendor: Vendor, *, attempt_usd: float = 0.05, agent: dict[str, Any] | None = None, **keys: Any
):
    return model(
        vendor,
        **keys,
        agent={
            "command": ["true"],
            "attempt_usd": attempt_usd,
            "sandbox": "none-i-trust-this-agent",
            "concurrency": 4,
            **(agent or {}),
        },
    )


def sweep_file(models: dict[str, dict[str, Any]], **keys: Any) -> SweepFile:
    keys = {"problems": 1, "samples": 1, "max_tokens": 400, "budget_usd": 1.0} | keys
    return SweepFile(models, **keys)


def run_agents(
    path: Path,
    db: Path,
    program: Program,
    monkeypatch,
    *,
    stop_after_s: float | None = None,
    grace_s: float = 30.0,
) -> tuple[Result, InProcess]:
    """`manyfew run` with agents of this process."""
    worked = InProcess(program)
    monkeypatch.setattr(Attempts, "perform", lambda self, ticket: worked.perform(self, ticket))
    sweep = load(path)
    assert sweep.budget_pico is not None
    with Signals(grace_s=grace_s, stop_after_s=stop_after_s) as signals:
        options = Options(db=db, budget_pico=sweep.budget_pico, signals=signals)
        result = run_sweep(prepare(sweep), options, lambda _: None)
    return result, worked


def check_attempts(db: Path, vendor: Vendor, budget_usd: float = 1.0) -> None:
    """Σ settled = Σ samples' cost + unused; what is booked covers the bill."""
    check_books(db)
    assert not [found for found in ledger_findings(db) if found.state == "missing"]
    of = money(db)
    cost = one(db, "SELECT coalesce(sum(cost_pico), 0) FROM sample_records")
    bounds = one(
        db,
        "SELECT coalesce(sum(r.presumed_pico), 0) FROM request AS r JOIN exchange AS e ON e.request_id = r.id "
        "JOIN agent_attempt AS a ON a.id = r.agent_attempt_id WHERE e.delivered AND a.state = 'done'",
    )
    assert of.reserved == 0
    unfinished = one(db, "SELECT coalesce(sum(settled_pico), 0) FROM agent_attempt WHERE state = 'open'")
    assert cost - bounds + of.unused + unfinished == of.settled
    assert of.settled <= vendor.billed_pico <= of.settled + of.presumed <= budget_usd * 10**12
    assert one(db, "SELECT coalesce(sum(held_pico), 0) FROM agent_attempt") == 0
    calls = rows(db, "SELECT total(settled_pico) AS s, total(presumed_pico) AS p FROM request")[0]
    attempts = rows(db, "SELECT total(settled_pico) AS s, total(presumed_pico) AS p FROM agent_attempt")[0]
    assert (calls["s"], calls["p"]) == (attempts["s"], attempts["p"]) == (of.settled, of.presumed)
