"""`manyfew run` from a validated sweep to its result: lock, begin, judge leftovers, drive, close."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from orchestrator.booking.former_rules import FORMER
from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.ledger.file.create import make_or_check, refuse_foreign
from orchestrator.ledger.file.identity import refuse_other_sweep
from orchestrator.ledger.file.lock import WriterLock, acquire
from orchestrator.ledger.file.trouble import TROUBLE, after_sending, all_or_nothing, writing
from orchestrator.ledger.reading.money.solved_by_any import places_solved
from orchestrator.ledger.reading.money.status import KEPT_TO_MEASURE, NOT_WORTH, PAIR_IS_WHOLE
from orchestrator.ledger.reading.samples.one_sided import one_sided_models
from orchestrator.ledger.verdict_sets.change import WantedSet
from orchestrator.ledger.writing.begin_run import ModelPlan, RunPlan, begin
from orchestrator.ledger.writing.close_gaps import close_gaps, gaps
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.place_watch import GRACE_S, PlaceWatch
from orchestrator.ledger.writing.run_state import RunState, read_state
from orchestrator.moment import moment
from orchestrator.progress import ENDED, Progress
from orchestrator.run.agents.checks import require_sandbox
from orchestrator.run.build_providers import ask_versions, build_batch_providers, build_providers, has_batches
from orchestrator.run.build_scheduler import build_scheduler
from orchestrator.run.driver import Driver
from orchestrator.run.identical_answers import identical_answers
from orchestrator.run.missing_packages import in_words, missing_packages
from orchestrator.run.policies.works import is_steered, learns_costs, measures
from orchestrator.run.prepare import Prepared
from orchestrator.run.progress_figures import Tally
from orchestrator.run.servers.node import check_node
from orchestrator.run.verdicts.changed_set import changed_set
from orchestrator.run.verdicts.choose_verifier import require
from orchestrator.run.verdicts.judge import takes_leftovers
from orchestrator.run.verdicts.public_tests import add_public_set
from orchestrator.run.verdicts.verify_ledger import verify_ledger
from orchestrator.run.versions import versions
from orchestrator.scheduler.lane import ModelLane
from orchestrator.scheduler.policy.cascade import CascadeWork
from orchestrator.scheduler.policy.narrow_work import NarrowWork
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Work
from orchestrator.sending.close_providers import close_providers
from orchestrator.sending.dispatcher import as_one_error
from orchestrator.sending.event_loop import new_loop_run
from orchestrator.sending.signals import Signals
from orchestrator.sending.warning_lines import Warned, Warnings
from orchestrator.sweep.definition import differences
from orchestrator.sweep.types import Policy
from orchestrator.text.money import usd
from orchestrator.text.raised_words import was_raised
from pricing.types import PICO_PER_USD
from providers.transport.awake import awake_clock

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
    signals: Signals
    """Entered by who runs it: from the start of sampling to the end of that context no signal ends it halfway."""
    sends: bool = True
    """False: nothing is sent. Batches that are open are looked at once, and what they bring is booked."""
    only: frozenset[str] | None = None
    """The models of this run; None: all. Batches of others that are open are looked at once."""
    cancel_batches: bool = False
    """They are cancelled first, and awaited."""


def run_sweep(prepared: Prepared, options: Options, show: Callable[[Progress], None]) -> Result:
    """Runs a sweep on its ledger. Raises InputError (nothing sent, ledger unchanged) or LedgerBroken."""
    problems = (
        prepared.problems if options.sends else ()
    )  # what a former version sent is judged by what is there
    require(prepared.executor.verifier, f"{prepared.sweep.path}: verifier", problems)
    if options.sends:
        require_sandbox(prepared.sweep)
    if options.sends:
        check_node(prepared, options.only)
    refuse_foreign(options.db)
    refuse_other_sweep(options.db, prepared.sweep.name)
    lock = acquire(options.db)
    try:
        state = _begin(prepared, lock, options)
        result = new_loop_run(_run(prepared, options, state, show))
        result.warnings += changed_set(options.db, state.verdict_set)
        if state.verdict_set is not None:
            with after_sending():
                add_public_set(lock, state.verdict_set.now)
        with contextlib.suppress(InputError, *TROUBLE):  # a hint: the run has ended well
            result.warnings += [Warned(alias, words) for alias, words in one_sided_models(options.db).items()]
            result.warnings += identical_answers(options.db, prepared.sweep, state)
            result.warnings += in_words(missing_packages(options.db, prepared.executor.name))
        show(result.progress)
        return result
    finally:
        prepared.executor.close()
        lock.release()


def _begin(prepared: Prepared, lock: WriterLock, options: Options) -> RunState:
    """Begins the run and reads what the ledger has, once all of it has its verdict."""
    with all_or_nothing(options.db):
        make_or_check(options.db)
        state = begin(lock, _plan(prepared, options.budget_pico))
        if not (prepared.executor.is_batch or takes_leftovers(prepared.executor)):
            verify_ledger(lock, prepared.executor, which="new")
        policy = prepared.sweep.policy
        read_state(options.db, state, measured=measures(policy), costs=learns_costs(policy))
        prepared.steered_by = {
            alias: model.steered_by for alias, model in state.models.items() if model.steered_by is not None
        }
        if policy.ends_at_success:
            keys = [problem.key for problem in prepared.problems]
            state.solved_by_any = places_solved(options.db, prepared.sweep.name, keys)
    return state


def _plan(prepared: Prepared, budget_pico: int) -> RunPlan:
    from pricing.form import price_to_json

    sweep = prepared.sweep
    return RunPlan(
        sweep=sweep.name,
        policy=sweep.policy.kind,
        verifier=prepared.verifier_choice,
        verdict_set=_verdict_set(prepared),
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
                samples_by_problem=model.samples_by_problem,
                replayed=prepared.replayed[alias],
                architecture=None if model.architecture is None else asdict(model.architecture),
                overhead_tokens=model.prompt_overhead_tokens,
                has_batches=has_batches(model),
            )
            for alias, model in sweep.models.items()
        ],
        prompt_sha=prepared.prompt_sha,
        versions=versions(prepared.executor.verifier),
        differences=differences,
        former=FORMER,
    )


def _verdict_set(prepared: Prepared) -> WantedSet:
    choice, verifier = prepared.verifier_choice, prepared.executor.verifier
    return WantedSet(
        name=choice.get("name", choice["kind"]),
        kind=choice["kind"],
        version=verifier.version,
        options=choice["options"],
        where=f"{prepared.sweep.path}: verifier",
        remedy='give the new verdicts a name of their own, name = "strict" in [verifier], or undo the change',
    )


async def _run(
    prepared: Prepared, options: Options, state: RunState, show: Callable[[Progress], None]
) -> Result:
    warnings = Warnings()
    awake_clock().on_stall.append(warnings.stalls.add)
    scheduler = build_scheduler(prepared, state, options.budget_pico, only=options.only)
    exceeded = scheduler.budget.exceeded
    if exceeded:
        scheduler.draining = True  # nothing is sent, not even what is free; open batches bring what they have
    async with Ledger(options.db, state) as ledger:
        providers = build_providers(prepared.sweep, options.only)
        batch_providers = build_batch_providers(prepared.sweep, state)
        try:
            driver = Driver(
                prepared,
                scheduler,
                ledger,
                providers,
                _tallies(state),
                batch_providers=batch_providers,
                sends=options.sends,
                cancelling=options.cancel_batches,
                show=show,
                on_warning=warnings.add,
            )
            at_start = driver.progress()
            watch = PlaceWatch(options.db, lambda note: driver.drain(grace_s=GRACE_S, note=note))
            with options.signals.steering(driver), watch:
                if not scheduler.budget.exceeded and _lacking(scheduler):
                    await ask_versions(prepared.sweep, providers)
                    await _remember_what_stops(prepared, scheduler, ledger)
                await as_one_error(driver.run())
                scheduler.presume_open()
                await ledger.presume_open()
                status, reason = _ended(driver, scheduler, options, exceeded=exceeded)
                if status == "complete" and not options.only:
                    reason = _why_no_more(prepared.sweep.policy, scheduler)
                progress = driver.progress(ENDED[status])
                await ledger.finish(status, reason, None if progress.policy is None else moment(progress))
        finally:
            await close_providers(
                [*(p for endpoints in providers.values() for p in endpoints), *batch_providers.values()]
            )
    if status != "interrupted":
        _close_gaps(options.db, state, scheduler)
    watch.refuse_lost()
    return Result(
        status=status,
        reason=reason,
        progress=progress,
        warnings=[
            *was_raised(*state.raised),
            *(Warned(alias, words) for alias, words in driver.findings.empty_replies().items()),
            *driver.findings.shared_limits(),
            *warnings.lines(),
        ],
        signal=options.signals.received,
        presumed_leftovers=state.presumed_leftovers,
        at_start=at_start,
    )


def _close_gaps(db: Path, state: RunState, scheduler: Scheduler) -> None:
    """Of problems whose samples are all in. What was given up on is asked for again by the next run."""
    ordinals = {problem_id: ordinal for ordinal, problem_id in enumerate(state.problem_ids)}
    for alias, lane in scheduler.lanes.items():
        model_id = state.models[alias].model_id
        with writing(db):
            whole = [
                problem_id
                for problem_id in gaps(db, model_id)
                if problem_id in ordinals and lane.sampling.is_whole(ordinals[problem_id])
            ]
            if whole:
                close_gaps(db, model_id, whole)


async def _remember_what_stops(prepared: Prepared, scheduler: Scheduler, ledger: Ledger) -> None:
    for lane in _lacking(scheduler):
        if is_steered(prepared.sweep.models[lane.alias], prepared.sweep.policy):
            await ledger.steered(ledger.state.models[lane.alias].model_id)


def _tallies(state: RunState) -> dict[str, Tally]:
    return {
        alias: Tally(done=model.done, verified=model.verified, passed=model.passed)
        for alias, model in state.models.items()
    }


def _lacking(scheduler: Scheduler) -> list[ModelLane]:
    return [lane for lane in scheduler.lanes.values() if lane.work.lacking() and not lane.left_out]


def _why_no_more(policy: Policy, scheduler: Scheduler) -> str | None:
    """Why a run is complete that left samples of a problem unasked."""
    works = [lane.sampling for lane in scheduler.lanes.values()]
    if not any(Work.left(work, problem) for work in works for problem in range(len(work.done))):
        return None
    if policy.pair is not None:
        return PAIR_IS_WHOLE
    if policy.worth_pico is not None:
        return NOT_WORTH
    return None if policy.measure is None else KEPT_TO_MEASURE


def _waits_for_a_stage(lane: ModelLane) -> bool:
    return isinstance(lane.work, CascadeWork) and not lane.work.has_its_turn()


def _not_covered(lacking: list[ModelLane], starts_pico: int) -> str:
    absent = [lane.alias for lane in lacking if any(one.absent is not None for one in lane.endpoints)]
    there = [lane.alias for lane in lacking if lane.alias not in absent]
    said: list[str] = []
    if there:
        said.append(f"the next sample's worst case of {', '.join(there)}")
    if absent:
        takes = f", {usd(starts_pico)}" if starts_pico else ""
        said.append(
            f"starting the server of {', '.join(absent)} (loading it, one request and its stop{takes})"
        )
    return " or ".join(said)


def _ended(
    driver: Driver, scheduler: Scheduler, options: Options, *, exceeded: bool
) -> tuple[Status, str | None]:
    """What ended the run; when several things did, the one that a person must act on first (CONTRACT). `exceeded`:
    the budget was when the run began."""
    lanes = [lane for lane in scheduler.lanes.values() if not lane.left_out]
    lacking = [lane for lane in _lacking(scheduler) if not _waits_for_a_stage(lane)]
    if driver.dispatcher.interrupted and (lacking or driver.unjudged):
        return "interrupted", driver.dispatcher.note
    if lacking and not options.sends:
        return (
            "interrupted",
            "its batches were cancelled" if options.cancel_batches else "nothing may be sent",
        )
    stopped: dict[str, list[str]] = {}
    for lane in lanes:
        if lane.stopped is not None and (lane in lacking or lane.unbounded):
            stopped.setdefault(lane.stopped, []).append(lane.alias)
    if stopped:
        return "provider", "; ".join(f"{', '.join(them)}: {why}" for why, them in stopped.items())
    if exceeded:
        held, total = scheduler.budget.held / PICO_PER_USD, scheduler.budget.total / PICO_PER_USD
        return "budget", f"the budget of ${total:.6g} is exceeded already: ${held:.6g} settled or presumed"
    if lacking:
        planned = [lane for lane in lacking if not (isinstance(lane.work, NarrowWork) and lane.work.empty)]
        if not planned:
            rest = usd(max(0, scheduler.budget.total - scheduler.budget.held))
            return "budget", f"the rest of the budget, {rest}, buys nothing that narrows the comparison"
        covered = _not_covered(planned, driver.starts_pico)
        paid = {lane.alias for lane in planned} | {lane.judge.alias for lane in planned if lane.judge}
        return "budget", f"the budget does not cover {covered}{scheduler.budget.by_own_cap(paid)}"
    failed = sum(sum(lane.sampling.failed) for lane in lanes)
    if failed:
        return "incomplete", f"{many(failed, 'sample')} failed for good"
    return "complete", None
