"""Whether an agent works here: one attempt of it, through the whole gateway, against a vendor that costs nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.doctor.finding import Finding
from orchestrator.doctor.stand_in import SUBMIT, StandIn, steps
from orchestrator.errors import InputError, LedgerBroken
from orchestrator.grammar import many
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.run.agents.checks import require_sandbox
from orchestrator.run.prepare import prepare
from orchestrator.run.run_sweep import Options, Result, run_sweep
from orchestrator.sending.signals import Signals
from orchestrator.sweep.tables.known_agents import seen_running
from orchestrator.sweep.types import Agent, Model, StatedPrice, Sweep, VerifierChoice
from pricing.types import PICO_PER_USD

LIMIT_S = 120.0
MOST_CALLS = 20
_KEY = "MANYFEW_STAND_IN_KEY"
_PRICE = StatedPrice(input=Decimal(1), output=Decimal(1))


def agent_findings(sweep: Sweep) -> Iterator[Finding]:
    for alias, model in sweep.models.items():
        if model.agent is None:
            continue
        try:
            require_sandbox(replace(sweep, models={alias: model}))
            yield _tried(sweep, alias, model, model.agent)
        except InputError as error:
            yield Finding("missing", "agent", f"{error.where}: {error.message}", error.remedy)


def _tried(sweep: Sweep, alias: str, model: Model, agent: Agent) -> Finding:
    """One attempt at the first problem. Raises InputError."""
    with TemporaryDirectory(prefix="manyfew-doctor-") as folder, _serving() as vendor, _key():
        short = replace(
            agent,
            attempt_s=min(agent.attempt_s, LIMIT_S),
            attempt_wall_s=2 * LIMIT_S,
            attempt_calls=min(agent.attempt_calls or MOST_CALLS, MOST_CALLS),
        )
        models = {alias: replace(_redirected(model, vendor), samples=1, agent=short)}
        others = {sweep.models[name].alias: sweep.models[name] for name in agent.other_models.values()}
        models |= {name: replace(_redirected(other, vendor), samples=0) for name, other in others.items()}
        alone = replace(
            sweep,
            models=models,
            problems=replace(sweep.problems, limit=1),
            verifier=VerifierChoice(kind="regex", options={"pattern": "(.)"}),
        )
        db = Path(folder, "doctor.db")
        try:
            with Signals(grace_s=0.0, stop_after_s=None) as signals:
                options = Options(db=db, budget_pico=1000 * PICO_PER_USD, signals=signals)
                result = run_sweep(prepare(alone), options, lambda _: None)
        except LedgerBroken as error:
            return Finding("missing", "agent", f"{alias}: {error}")
        return _found(alias, db, result, seen_running(agent.command))


def _found(alias: str, db: Path, result: Result, seen: str | None) -> Finding:
    sql = (
        f"SELECT a.ended_by, a.exit_status, a.calls, length({text_sql('s')}) FROM agent_attempt AS a "
        "LEFT JOIN sample AS s ON s.agent_attempt_id = a.id ORDER BY a.id DESC LIMIT 1"
    )
    with closing(sqlite3.connect(db)) as connection:
        row = connection.execute(sql).fetchone()
    ending = f"; {seen}" if seen else ""
    if row is None or row[3] is None:
        said = (result.reason or "its attempt made no sample").removeprefix(f"{alias}: ") + ending
        return Finding(
            "missing", "agent", f"{alias}: {said}", "run its command by hand, and look at its settings"
        )
    ended_by, status, calls, size = row
    how = f"exit status {status}" if ended_by == "exit" else f"ended by {ended_by}"
    ran = f"{alias}: one attempt ran against a stand-in, which costs nothing"
    text = f"{ran}: {many(calls, 'call')}, {how}, {many(size, 'character')} of output{ending}"
    text += "".join(f"; {warning.removeprefix(f'{alias}: ')}" for warning in result.warnings)
    if not calls or ended_by != "exit" or status:
        return Finding("note", "agent", text, "run its command by hand, and look at its settings")
    return Finding("ok", "agent", text)


def _redirected(model: Model, vendor: StandIn) -> Model:
    at = vendor.root_url if model.provider == "anthropic" else vendor.base_url
    servers = (vendor.base_url,) if model.provider == "vllm" else ()
    return replace(
        model,
        base_url=None if servers else at,
        servers=servers,
        serve=None,
        own_host=False,
        api_key_env=_KEY,
        gpu_usd_per_hour=None,
        price=model.price or _PRICE,
        price_as=None,
        service_tier=None,
        budget_pico=None,
        samples_by_problem={},
        mode="uniform",
    )


@contextmanager
def _serving() -> Generator[StandIn]:
    """On an event loop of its own, since a run makes its own too."""
    vendor = StandIn(steps(SUBMIT, "Done."))
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with vendor:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield vendor
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@contextmanager
def _key() -> Generator[None]:
    os.environ[_KEY] = "stand-in"
    try:
        yield
    finally:
        del os.environ[_KEY]
