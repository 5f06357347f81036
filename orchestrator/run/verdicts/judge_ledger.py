"""Verdicts by a model for samples that a ledger already has: `manyfew verify DB --verifier judge --budget USD`."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestrator.booking.learnt_ratio import learnt_ratio
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.reading.for_run.unjudged import Which, pieces, problem_reader
from orchestrator.ledger.verdict_sets.change import WantedSet, begin_set
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.place_watch import GRACE_S, PlaceWatch
from orchestrator.ledger.writing.proven_bounds import billed_more
from orchestrator.ledger.writing.rows import VerdictRow
from orchestrator.reward.begin import Begun, begin
from orchestrator.run.build_providers import providers_of
from orchestrator.run.build_scheduler import endpoints_of, rate_of
from orchestrator.run.verdicts.asked_judge import AskedJudge
from orchestrator.run.verdicts.asking import Asking
from orchestrator.run.verdicts.case import Unjudged, unjudged
from orchestrator.run.verdicts.judge import KnownVerdicts
from orchestrator.run.verdicts.judge_calls import JudgeCalls
from orchestrator.run.verdicts.ledger_judge import LedgerJudge
from orchestrator.run.verdicts.verify_ledger import Verified
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.lane import ModelLane, Ticket
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.close_providers import close_providers
from orchestrator.sending.dispatcher import Action, Dispatcher, as_one_error
from orchestrator.sending.event_loop import new_loop_run
from orchestrator.sending.paid_servers import HourlyPrice, paid_servers
from orchestrator.sending.sender import Sender
from orchestrator.sending.signals import Signals
from orchestrator.sending.warning_lines import Warnings
from orchestrator.text.raised_words import was_raised
from pricing.stated import is_free
from pricing.types import PICO_PER_USD
from providers.transport.awake import awake_clock
from verifiers.judge import Judge as JudgeText
from verifiers.workers.executor import Executor

QUEUED = 500
"""Texts that wait to be sent, before more are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """How it ended. `status`: complete | incomplete | budget | provider | interrupted. Money is the judge's, over all
    its runs."""

    verified: Verified
    status: str
    reason: str | None
    settled_pico: int
    presumed_pico: int
    signal: int | None
    warnings: list[str]


def judge_ledger(
    lock: WriterLock,
    judge: LedgerJudge,
    executor: Executor,
    *,
    which: Which,
    wanted: WantedSet,
    budget_pico: int,
    signals: Signals,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Graded:
    """Grades within the budget, which is a total over all that the ledger spends. The caller has entered `signals`.
    Raises InputError or LedgerBroken."""
    path = lock.path
    begun = begin(lock, judge, budget_pico)
    with all_or_nothing(path), closing(open_for_writing(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN IMMEDIATE")
        done = Verified(change=begin_set(connection, wanted))
        connection.execute("COMMIT")
    return new_loop_run(_grade(path, judge, executor, begun, which, done, budget_pico, signals, on_progress))


async def _grade(
    path: Path,
    judge: LedgerJudge,
    executor: Executor,
    begun: Begun,
    which: Which,
    done: Verified,
    budget_pico: int,
    signals: Signals,
    on_progress: Callable[[int], None],
) -> Graded:
    alias = judge.alias
    funds = Funds(weight=1, cap=judge.asked.budget_pico, settled=begun.settled, presumed=begun.presumed)
    budget = Budget(budget_pico, {alias: funds}, others_held=begun.others_held, shared=False)
    exceeded = budget.exceeded
    warnings = Warnings()
    awake_clock().on_stall.append(warnings.stalls.add)
    providers = providers_of(judge.asked)

    def counted(_: Unjudged, row: VerdictRow) -> None:
        done.add(row)
        on_progress(done.judged)
        dispatcher.wake()

    with closing(open_reader(path)) as reader:
        calls = _calls(reader, judge, executor, begun)
        lane = _lane(judge, calls, bound_shown=begun.bound_shown)
        scheduler = Scheduler({alias: lane}, budget, lambda _, number: calls.bound(number))
        known = KnownVerdicts(path, executor)
        async with Ledger(path, begun.state) as ledger:
            asked = AskedJudge(
                executor,
                known,
                problem_reader(reader),
                write=ledger.judge,
                on_verdict=counted,
                calls=calls,
                budget=budget,
            )
            asking = Asking(calls, asked, ledger, budget, providers)
            rate = judge.asked.gpu_usd_per_hour
            hourly = {} if rate is None else {alias: HourlyPrice(rate, judge.asked.gpus)}
            servers = paid_servers(hourly, scheduler, ledger, warnings.add)
            sender = Sender(
                scheduler,
                ledger,
                {alias: asking},
                servers=servers,
                clock=awake_clock().time,
                on_warning=warnings.add,
            )
            feed = _Feed(iter(()) if exceeded else pieces(reader, executor.name, which), asked, calls)

            async def perform(ticket: Ticket) -> None:
                await sender.perform(ticket)

            dispatcher = Dispatcher(
                scheduler,
                list(servers.values()),
                perform=perform,
                others=feed.next,
                busy=lambda: asked.busy or not feed.ended,
            )
            watch = PlaceWatch(path, lambda note: dispatcher.drain(grace_s=GRACE_S, note=note))
            try:
                with signals.steering(dispatcher), watch:
                    await as_one_error(_run(dispatcher, asked, sender))
                    await ledger.presume_open()
            finally:
                await close_providers(providers)
    watch.refuse_lost()
    status, reason = _ended(dispatcher, lane, budget, asked, exceeded=exceeded)
    with closing(open_reader(path)) as reader:
        held = reader.execute(
            "SELECT settled_pico, presumed_pico FROM model WHERE id = ?",
            (begun.state.models[alias].model_id,),
        ).fetchone()
    return Graded(
        verified=done,
        status=status,
        reason=reason,
        settled_pico=held[0],
        presumed_pico=held[1],
        signal=signals.received,
        warnings=was_raised(*begun.state.raised) + warnings.lines(),
    )


async def _run(dispatcher: Dispatcher, asked: AskedJudge, sender: Sender) -> None:
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(asked.run())
        try:
            await dispatcher.run(group)
            await asked.drained()
        finally:
            writing.cancel()
    await sender.free_unsent()
    await dispatcher.close()


class _Feed:
    """Reads the ledger's samples as the queue runs low."""

    def __init__(self, rows: Iterator[list[sqlite3.Row]], asked: AskedJudge, calls: JudgeCalls) -> None:
        self._rows = rows
        self._asked = asked
        self._calls = calls
        self._reads = False
        self.ended = False

    def next(self, _now: float) -> Iterable[Action]:
        if self.ended or self._reads or self._calls.queue.unasked >= QUEUED:
            return ()
        self._reads = True
        return (self._read(),)

    async def _read(self) -> None:
        rows = next(self._rows, None)
        self.ended = rows is None
        for row in rows or ():
            await self._asked.add(unjudged(row))
        self._reads = False


def _calls(reader: sqlite3.Connection, judge: LedgerJudge, executor: Executor, begun: Begun) -> JudgeCalls:
    assert isinstance(executor.verifier, JudgeText)
    model_id = begun.state.models[judge.alias].model_id
    return JudgeCalls(
        executor.verifier,
        judge.asked,
        judge.price,
        overhead_tokens=begun.overhead_tokens,
        cost_ratio=learnt_ratio(list(billed_more(reader, model_id)), judge.price, judge.provider),
    )


def _lane(judge: LedgerJudge, calls: JudgeCalls, *, bound_shown: bool) -> ModelLane:
    model = judge.asked
    return ModelLane(
        alias=judge.alias,
        work=calls.queue,
        endpoints=endpoints_of(model),
        rate=rate_of([model]),
        bounds=[],
        max_tokens=model.max_tokens,
        expected_output_tokens=model.max_tokens,
        max_attempts=model.max_attempts,
        max_lost=model.max_lost,
        max_wait_s=model.max_wait_s,
        proves_bound=model.gpu_usd_per_hour is None and not is_free(judge.price),
        bound_shown=bound_shown,
    )


def _ended(
    dispatcher: Dispatcher, lane: ModelLane, budget: Budget, asked: AskedJudge, *, exceeded: bool
) -> tuple[str, str | None]:
    """When several things ended it, the one that a person must act on first (CONTRACT)."""
    if dispatcher.interrupted and asked.waiting:
        return "interrupted", dispatcher.note
    if lane.stopped is not None and asked.waiting:
        return "provider", f"{lane.alias}: {lane.stopped}"
    if exceeded:
        held, total = budget.held / PICO_PER_USD, budget.total / PICO_PER_USD
        return "budget", f"the budget of ${total:.6g} is exceeded already: ${held:.6g} settled or presumed"
    if lane.work.lacking():
        own = budget.by_own_cap([lane.alias])
        return "budget", f"the budget does not cover the next verdict's worst case{own}"
    return "complete", None
