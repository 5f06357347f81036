"""The one async driver: performs what the scheduler admits, judges what arrives, ends when nothing can go on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import VerdictRow
from orchestrator.progress import ModelProgress, Progress
from orchestrator.run import server_queues
from orchestrator.run.attempts import Arrival, Attempts
from orchestrator.run.batches.batches import Batches, Life
from orchestrator.run.paid_servers import paid_servers
from orchestrator.run.prepare import Prepared
from orchestrator.run.verdicts.case import Unjudged
from orchestrator.run.verdicts.inline import InlineVerdicts
from orchestrator.run.verdicts.judge import Judge, KnownVerdicts
from orchestrator.scheduler.lane import ModelLane, Ticket
from orchestrator.scheduler.scheduler import Scheduler
from providers.batch import BatchProvider
from providers.types import Provider

if TYPE_CHECKING:
    from providers.vllm import VllmProvider

RATE_WINDOW_S = 30.0
SHOW_EVERY_S = 0.25


class Tally:
    """What is counted of one model for the display."""

    def __init__(self, *, done: int, verified: int, passed: int) -> None:
        self.done = done
        self.verified = verified
        self.passed = passed
        self._history: deque[tuple[float, int]] = deque()

    def rate(self, now: float) -> float:
        """Samples a second over the last half minute."""
        self._history.append((now, self.done))
        while now - self._history[0][0] > RATE_WINDOW_S:
            self._history.popleft()
        since, done = self._history[0]
        return (self.done - done) / (now - since) if now > since else 0.0


class Driver:
    """Runs a scheduler to its end. `show` gets a Progress a few times a second."""

    def __init__(
        self,
        prepared: Prepared,
        scheduler: Scheduler,
        ledger: Ledger,
        providers: dict[str, list[Provider]],
        tallies: dict[str, Tally],
        *,
        batch_providers: Mapping[str, BatchProvider] | None = None,
        cancelling: bool = False,
        show: Callable[[Progress], None],
        warned: Callable[[str, str], None],
    ) -> None:
        self.scheduler = scheduler
        self._prepared = prepared
        self._providers = providers
        self._ledger = ledger
        self._show = show
        self._warned = warned
        self._tallies = tallies
        self._clock = time.monotonic
        self._started = self._clock()
        self._event = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._recorded: set[str] = set()
        """Stopped models already written to the ledger."""
        self.note: str | None = None
        self.interrupted = False
        self._abandoned = False
        self._grace_s = 30.0
        self._grace_ends: float | None = None
        data = {pid: p.data for pid, p in zip(ledger.state.problem_ids, prepared.problems, strict=True)}
        known = KnownVerdicts(ledger.path, prepared.executor)
        self._judge = Judge(prepared.executor, known, data.__getitem__, write=ledger.judge, told=self._told)
        self._servers = paid_servers(dict(prepared.sweep.models), scheduler, ledger)
        self._attempts = Attempts(
            prepared,
            scheduler,
            ledger,
            providers,
            servers=self._servers,
            judged=InlineVerdicts(prepared.executor, known, data.__getitem__).judge,
            clock=self._clock,
            warned=warned,
        )
        self._batches = Batches(
            prepared,
            scheduler,
            ledger,
            self._attempts,
            batch_providers or {},
            arrived=self._arrived,
            warned=warned,
            clock=self._clock,
            cancelling=cancelling,
        )
        if cancelling:
            scheduler.draining = True  # nothing new is asked for

    async def run(self) -> None:
        """Returns when nothing is left that could be asked, or the draining is over. Raises LedgerBroken."""
        async with asyncio.TaskGroup() as group:
            judging = group.create_task(self._judge.run(), name="judge")
            beside = [group.create_task(self._display(), name="display")]
            beside += [group.create_task(server.watch(), name="lease") for server in self._servers.values()]
            beside += [group.create_task(watch, name="fleet") for watch in self._fleet()]
            try:
                for life in self._batches.resumed():
                    self._start(group, self._batch(life))
                await self._sample(group)
                await self._judged()
            finally:
                for task in (judging, *beside):
                    task.cancel()
        for server in self._servers.values():
            await server.close()
        await self._record_stops()

    async def _judged(self) -> None:
        """Waits for the verdicts that are due, unless it is told to leave: the next run judges what has none yet."""
        due = asyncio.ensure_future(self._judge.drained())
        try:
            while not due.done() and not self._abandoned:
                left = None if self._grace_ends is None else self._grace_ends - self._clock()
                if left is not None and left <= 0:
                    return
                self._event.clear()
                told = asyncio.ensure_future(self._event.wait())
                await asyncio.wait({due, told}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                told.cancel()
        finally:
            due.cancel()

    def _fleet(self) -> Iterator[Coroutine[Any, Any, None]]:
        for alias, model in self._prepared.sweep.models.items():
            if model.provider == "vllm":
                for server, endpoint in zip(
                    self._providers[alias], self.scheduler.lanes[alias].endpoints, strict=True
                ):
                    yield server_queues.watch(cast("VllmProvider", server), endpoint)

    @property
    def unjudged(self) -> int:
        """Samples whose verdict was due and is not there."""
        return self._judge.waiting

    def drain(self, *, grace_s: float, note: str) -> None:
        """Stop sending; what is in flight may land for `grace_s`."""
        self.interrupted = True
        self.scheduler.draining = True
        self._grace_s = grace_s
        self._grace_ends = self._clock() + grace_s
        self.note = note
        self._batches.leave()
        self._event.set()

    def abandon(self) -> None:
        """Leave at once: what is in flight stays reserved in the ledger until it is presumed."""
        self.interrupted = self._abandoned = True
        self.scheduler.draining = True
        self._grace_ends = self._clock()
        self._batches.leave()
        self._event.set()

    async def _sample(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._event.clear()
            now = self._clock()
            while not self._judge.behind and (ticket := self.scheduler.next(now)) is not None:
                if self._batches.takes(ticket.alias):
                    self._batches.add(ticket)
                else:
                    self._start(group, self._perform(ticket))
            self._batches.drop_stopped()
            for life in self._batches.ready(now, settled=not self._judge.behind):
                self._start(group, self._batch(life))
            if self._over(now):
                if not self._free_idle_leases():
                    return
                continue
            await self._wait(now)

    def _free_idle_leases(self) -> bool:
        """Before the run ends for want of money: a server that nothing runs on still holds its lease. Whether there
        was one to give back."""
        if self.scheduler.draining or not any(lane.work.lacking() for lane in self.scheduler.lanes.values()):
            return False
        freed = [server.release_idle() for server in self._servers.values()]
        for server in self._servers.values():
            server.reconsider()
        return any(freed)

    def _start(self, group: asyncio.TaskGroup, life: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(life)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._event.set()

    async def _perform(self, ticket: Ticket) -> None:
        for arrival in await self._attempts.perform(ticket):
            await self._arrived(arrival)
        if self.scheduler.lanes[ticket.alias].stopped is not None:
            await self._record_stops()

    async def _batch(self, life: Life) -> None:
        await life()
        await self._record_stops()

    async def _arrived(self, arrival: Arrival) -> None:
        self._tallies[arrival.alias].done += 1
        if arrival.verdict is None:
            await self._judge.add(self._unjudged(arrival))
        else:
            verdict = arrival.verdict
            self._heard(arrival.alias, arrival.ordinal, verdict.passed, verdict.reason)

    async def _record_stops(self) -> None:
        """Writes down why models stopped, once each."""
        for alias, lane in self.scheduler.lanes.items():
            if lane.stopped is not None and alias not in self._recorded:
                self._recorded.add(alias)
                await self._ledger.stop_model(self._ledger.state.models[alias].model_id, lane.stopped)

    def _over(self, now: float) -> bool:
        if self._grace_ends is not None and now >= self._grace_ends:
            for task in self._tasks:
                task.cancel()
            return True
        if self._tasks or self._judge.waiting:
            return False
        return self.scheduler.draining or self.scheduler.blocked()

    async def _wait(self, now: float) -> None:
        # While it drains or the judge is behind nothing is admitted, so the scheduler's time says nothing.
        wake_at = None if self.scheduler.draining or self._judge.behind else self.scheduler.wake_at
        times = [t for t in (wake_at, self._batches.wake_at, self._grace_ends) if t is not None]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), max(0.0, min(times) - now) if times else None)

    def _unjudged(self, arrival: Arrival) -> Unjudged:
        state = self._ledger.state
        return Unjudged(
            alias=arrival.alias,
            model_id=state.models[arrival.alias].model_id,
            problem_id=state.problem_ids[arrival.ordinal],
            ordinal=arrival.ordinal,
            sample_index=arrival.row.sample_index,
            text=arrival.row.text,
            finish_reason=arrival.row.finish_reason,
        )

    def _told(self, sample: Unjudged, row: VerdictRow) -> None:
        self._heard(sample.alias, sample.ordinal, row.passed, row.reason)
        self._event.set()

    def _heard(self, alias: str, ordinal: int, passed: int | None, reason: str | None) -> None:
        if passed is None:
            self._warned(alias, f"a sample could not be judged: {reason}")
        tally = self._tallies[alias]
        tally.verified += passed is not None
        tally.passed += passed == 1
        self.scheduler.lanes[alias].work.judged(ordinal, passed=passed == 1)

    async def _display(self) -> None:
        while True:
            try:
                self._show(self.progress("draining" if self.scheduler.draining else "sampling"))
            except OSError:
                return  # the terminal is gone (SIGHUP): the run goes on without it
            await asyncio.sleep(SHOW_EVERY_S)

    # -- how it stands ----------------------------------------------------------------------------------------------

    def progress(self, phase: str) -> Progress:
        """The figures of this moment."""
        now = self._clock()
        budget = self.scheduler.budget
        models = tuple(self._model(lane, now) for lane in self.scheduler.lanes.values())
        etas = [m.eta_s for m in models if m.eta_s is not None and m.stopped is None]
        counted = list(budget.counted)
        others = self._ledger.state.others
        return Progress(
            name=self._prepared.sweep.name,
            phase=phase,
            budget_pico=budget.total,
            settled_pico=others.settled_pico + sum(f.settled for f in counted),
            presumed_pico=others.presumed_pico + sum(f.presumed for f in counted),
            reserved_pico=others.reserved_pico + sum(f.reserved + f.left for f in counted),
            replayed_pico=sum(f.settled for f in budget.funds.values() if not f.counted),
            elapsed_s=now - self._started,
            eta_s=max(etas, default=None),
            unverified=self._judge.waiting,
            models=models,
            note=self.note,
        )

    def _model(self, lane: ModelLane, now: float) -> ModelProgress:
        tally, funds = self._tallies[lane.alias], self.scheduler.budget.funds[lane.alias]
        totals = self._ledger.state.models[lane.alias].totals
        failed, lacking = sum(lane.work.failed), lane.work.lacking()
        rate = tally.rate(now)
        return ModelProgress(
            alias=lane.alias,
            replayed=not funds.counted,
            done=sum(lane.work.done),
            planned=sum(lane.work.done) + failed + lacking,
            failed=failed,
            in_flight_requests=len(lane.in_flight),
            in_flight_samples=lane.samples_in_flight,
            samples_per_s=rate,
            settled_pico=funds.settled,
            presumed_pico=funds.presumed,
            reserved_pico=funds.reserved + funds.left,
            requests=totals.requests + lane.sent,
            retries=totals.retries + lane.retried,
            problems=len(lane.work.done),
            solved_problems=sum(lane.work.solved),
            verified=tally.verified,
            passed=tally.passed,
            waiting=lane.waiting or self._batches.says(lane.alias),
            stopped=lane.stopped,
            eta_s=lacking / rate if rate > 0 and lacking else (0.0 if not lacking else None),
            errors=dict(lane.errors),
        )
