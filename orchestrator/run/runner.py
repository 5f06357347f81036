"""`manyfew run` from a validated sweep to its result: lock, begin, judge leftovers, drive, close."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import LedgerBroken
from orchestrator.ledger.begin import ModelPlan, RunPlan, RunState, begin, read_state
from orchestrator.ledger.connect import prepare as prepare_file
from orchestrator.ledger.connect import refuse_foreign
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.lock import acquire
from orchestrator.progress import Progress
from orchestrator.run.driver import Driver, Tally
from orchestrator.run.lanes import build_scheduler
from orchestrator.run.prepare import Prepared
from orchestrator.run.providers import ask_versions, build_providers
from orchestrator.run.signals import Signals
from orchestrator.run.verify import verify_ledger
from orchestrator.run.versions import versions
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sweep.definition import differences
from providers.types import Provider

Status = str
"""complete | incomplete | budget | provider | interrupted"""


@dataclass(slots=True, kw_only=True)
class Result:
    """How a run ended. `progress` holds the ledger's totals over all its runs."""

    status: Status
    reason: str | None
    progress: Progress
    warnings: list[str] = field(default_factory=list[str])
    signal: int | None = None
    """The signal that ended it, if one did."""
    presumed_leftovers: int = 0
    at_start: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line adds to a sweep."""

    db: Path
    budget_pico: int
    stop_after_s: float | None = None
    grace_s: float = 30.0


def run_sweep(prepared: Prepared, options: Options, show: Callable[[Progress], None]) -> Result:
    """Runs a sweep on its ledger. Raises InputError (nothing sent, ledger unchanged) or LedgerBroken."""
    refuse_foreign(options.db)
    lock = acquire(options.db)
    try:
        prepare_file(options.db)
        state = begin(options.db, _plan(prepared, options.budget_pico))
        verify_ledger(options.db, prepared.verifier, anew=True)
        read_state(options.db, state)
        return _new_loop_run(_run(prepared, options, state, show))
    finally:
        lock.release()


def _new_loop_run(main: object) -> Result:
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(main)  # type: ignore[arg-type]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)  # type: ignore[arg-type]


def _plan(prepared: Prepared, budget_pico: int) -> RunPlan:
    from pricing.form import price_to_json

    sweep = prepared.sweep
    return RunPlan(
        sweep=sweep.name,
        verifier=prepared.verifier_choice,
        budget_pico=budget_pico,
        file_text=sweep.text,
        problems=[(p.key, p.data) for p in prepared.problems],
        models=[
            ModelPlan(
                alias=alias,
                provider=model.provider,
                name=model.model,
                definition=prepared.definitions[alias],
                price=price_to_json(prepared.prices[alias]),
                samples=model.samples,
                replayed=prepared.replayed[alias],
                overhead_tokens=model.prompt_overhead_tokens,
            )
            for alias, model in sweep.models.items()
        ],
        prompt_sha=prepared.prompt_sha,
        versions=versions(prepared.verifier),
        differences=differences,
    )


async def _run(
    prepared: Prepared, options: Options, state: RunState, show: Callable[[Progress], None]
) -> Result:
    warnings = Warnings()
    scheduler = build_scheduler(prepared, state, options.budget_pico)
    async with Ledger(options.db, state) as ledger:
        providers = build_providers(prepared.sweep)
        try:
            await ask_versions(prepared.sweep, providers)
            driver = Driver(
                prepared, scheduler, ledger, providers, _tallies(state), show=show, warned=warnings.add
            )
            at_start = driver.progress("sampling")
            signals = Signals(driver, grace_s=options.grace_s, stop_after_s=options.stop_after_s)
            with signals:
                await _drive(driver)
            await ledger.presume_open()
        finally:
            await _close(providers)
        status, reason = _ended(driver, scheduler)
        await ledger.finish(status, reason)
        progress = driver.progress("done")
    return Result(
        status=status,
        reason=reason,
        progress=progress,
        warnings=warnings.lines(),
        signal=signals.received,
        presumed_leftovers=state.presumed_leftovers,
        at_start=at_start,
    )


async def _drive(driver: Driver) -> None:
    try:
        await driver.run()
    except* LedgerBroken as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[LedgerBroken]) -> LedgerBroken:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _close(providers: Mapping[str, list[Provider]]) -> None:
    for endpoints in providers.values():
        for provider in endpoints:
            await provider.aclose()


def _tallies(state: RunState) -> dict[str, Tally]:
    return {
        alias: Tally(done=model.done, verified=model.verified, passed=model.passed)
        for alias, model in state.models.items()
    }


def _ended(driver: Driver, scheduler: Scheduler) -> tuple[Status, str | None]:
    """What ended the run; when several things did, the one that a person must act on first (CONTRACT)."""
    lanes = scheduler.lanes.values()
    lacking = [lane for lane in lanes if lane.work.lacking()]
    if driver.interrupted and lacking:
        return "interrupted", driver.note
    stopped = [f"{lane.alias}: {lane.stopped}" for lane in lacking if lane.stopped is not None]
    if stopped:
        return "provider", "; ".join(stopped)
    if lacking:
        names = ", ".join(lane.alias for lane in lacking)
        return "budget", f"the budget does not cover the next sample's worst case of {names}"
    failed = sum(sum(lane.work.failed) for lane in lanes)
    if failed:
        return "incomplete", f"{failed} samples failed for good"
    return "complete", None


class Warnings:
    """Warnings by model, each kind once with its count."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, alias: str, line: str) -> None:
        if len(self._counts) < 1000 or (alias, line) in self._counts:
            self._counts[alias, line] += 1

    def lines(self) -> list[str]:
        return [
            f"{alias}: {line}" + (f" ({count} times)" if count > 1 else "")
            for (alias, line), count in self._counts.most_common()
        ]
