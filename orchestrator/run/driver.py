"""The one async driver: sends what is to be sampled, judges what arrives, ends when nothing can go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.reading.for_run.unjudged import pieces
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import SampleRow, Settlement, VerdictRow
from orchestrator.progress import Progress
from orchestrator.run import server_queues
from orchestrator.run.batches.batches import Batches, Life
from orchestrator.run.findings import Findings
from orchestrator.run.policies.missing_verdicts import MissingVerdicts, why_it_stops
from orchestrator.run.policies.progress import policy_progress
from orchestrator.run.policies.steering import plans, steering
from orchestrator.run.policies.works import is_steered
from orchestrator.run.prepare import Prepared
from orchestrator.run.progress_figures import ProgressFigures, Tally, leave_moments
from orchestrator.run.sampling import Sampling
from orchestrator.run.servers.context import Servers, logs_beside
from orchestrator.run.servers.own_servers import OwnServers
from orchestrator.run.verdicts.asked_judge import AskedJudge
from orchestrator.run.verdicts.asking import Asking
from orchestrator.run.verdicts.case import Unjudged, unjudged
from orchestrator.run.verdicts.inline import InlineVerdicts
from orchestrator.run.verdicts.judge import Judge, KnownVerdicts, takes_leftovers
from orchestrator.scheduler.lane import Ticket
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.caller import Caller
from orchestrator.sending.dispatcher import Action, Dispatcher
from orchestrator.sending.paid_servers import HourlyPrice, TimedServer, paid_servers
from orchestrator.sending.sender import Sender
from orchestrator.sending.served_calls import ServedCalls
from providers.batch import BatchProvider
from providers.transport.awake import awake_clock
from providers.types import Provider

if TYPE_CHECKING:
    from orchestrator.gateway.gateway import Gateway
    from orchestrator.run.agents.attempts import Attempts
    from providers.vllm import VllmProvider

SHOW_EVERY_S = 0.25


class Driver:
    """Runs a scheduler to its end. `show` gets a Progress a few times a second. Where it sends nothing, open batches
    are looked at once, or cancelled and awaited."""

    def __init__(
        self,
        prepared: Prepared,
        scheduler: Scheduler,
        ledger: Ledger,
        providers: dict[str, list[Provider]],
        tallies: dict[str, Tally],
        *,
        batch_providers: Mapping[str, BatchProvider] | None = None,
        sends: bool = True,
        cancelling: bool = False,
        show: Callable[[Progress], None],
        on_warning: Callable[[str, str], None],
    ) -> None:
        self.scheduler = scheduler
        self._prepared = prepared
        self._providers = providers
        self._ledger = ledger
        self._show = show
        self._on_warning = on_warning
        self._tallies = tallies
        self._clock = awake_clock().time
        self._recorded: set[str] = set()
        """Stopped models already written to the ledger."""
        sweep = prepared.sweep
        self._steered = [a for a in sweep.sampled if is_steered(sweep.models[a], sweep.policy)]
        self._missing = MissingVerdicts(len(prepared.problems))
        self.findings = Findings(prepared, scheduler, tallies)
        data = {pid: p.data for pid, p in zip(ledger.state.problem_ids, prepared.problems, strict=True)}
        known = KnownVerdicts(ledger.path, prepared.executor)
        judging = prepared.judging
        make = Judge if judging is None else partial(AskedJudge, calls=judging, budget=scheduler.budget)
        self._judge = make(
            prepared.executor, known, data.__getitem__, write=ledger.judge, on_verdict=self._on_verdict
        )
        self._inline = InlineVerdicts(prepared.executor, known, data.__getitem__)
        sampling = Sampling(prepared, ledger, providers, judged=self._judged_at_once, on_warning=on_warning)
        callers: dict[str, Caller] = dict.fromkeys(prepared.sweep.models, sampling)
        if isinstance(self._judge, AskedJudge) and judging is not None:
            asked = providers[judging.alias]
            callers[judging.alias] = Asking(judging, self._judge, ledger, scheduler.budget, asked)
        paid = paid_servers(_hourly_prices(prepared), scheduler, ledger, on_warning)
        servers: dict[tuple[str, int], TimedServer] = {**paid}
        called: dict[str, ServedCalls] = {}
        self._own_servers = OwnServers(
            Servers(
                prepared=prepared,
                scheduler=scheduler,
                ledger=ledger,
                providers=providers,
                tenancies=servers,
                called=called,
                logs=logs_beside(ledger.path),
                on_warning=on_warning,
                wake=self._wake,
            )
        )
        self._sender = Sender(
            scheduler,
            ledger,
            callers,
            servers=servers,
            clock=self._clock,
            on_warning=on_warning,
            on_freed=self._freed,
        )
        self.gateway: Gateway | None = None
        self._attempts: Attempts | None = None
        if any(model.agent is not None for model in prepared.sweep.models.values()):
            self._serve_agents(sampling, servers, called)
        self._batches = Batches(
            prepared,
            scheduler,
            ledger,
            self._sender,
            sampling,
            batch_providers or {},
            arrived=self._arrived,
            on_warning=on_warning,
            clock=self._clock,
            cancelling=cancelling,
        )
        self.dispatcher = Dispatcher(
            scheduler,
            list(paid.values()),
            perform=self._perform,
            others=self._ready_batches,
            others_at=lambda: self._batches.wake_at,
            held_back=lambda: self._judge.behind,
            busy=lambda: self._judge.busy or self._own_servers.busy or plans(self._steering, scheduler),
        )
        self._steering = steering(scheduler, self.dispatcher.wake)
        self._figures = ProgressFigures(
            prepared.sweep,
            scheduler,
            ledger.state,
            tallies,
            waits_for=self._batches.says,
            servers=self._own_servers.progress,
            policy=lambda: policy_progress(scheduler),
            starts_pico=lambda: self.starts_pico,
            attempts=lambda: () if self._attempts is None else self._attempts.at_work(),
            clock=self._clock,
        )
        if not sends:
            scheduler.draining = True
            if not cancelling:
                self._batches.leave()  # once each is looked at

    def _serve_agents(
        self,
        sampling: Sampling,
        servers: Mapping[tuple[str, int], TimedServer],
        called: dict[str, ServedCalls],
    ) -> None:
        # Here, since most sweeps have none and the gateway takes a tenth of a second to import.
        from orchestrator.run.agents.attempts import Attempts
        from orchestrator.run.build_gateway import build_gateway

        self.gateway = build_gateway(
            self._prepared,
            self.scheduler,
            self._ledger,
            sampling,
            servers=servers,
            called=called,
            judged=self._inline.judge,
            clock=self._clock,
            changed=lambda: self.dispatcher.wake(),
            on_warning=self._on_warning,
        )
        self._attempts = Attempts(self._prepared, self.gateway, self._ledger.path, arrived=self._arrived)

    async def run(self) -> None:
        """Returns when nothing is left that could be asked, or the draining is over. Raises LedgerBroken."""
        if self.gateway is not None:
            await self.gateway.start()
        try:
            await self._run()
        finally:
            if self.gateway is not None:
                await self.gateway.aclose()
            if self._attempts is not None:
                await self._attempts.close()
        await self._sender.free_unsent()
        await self.dispatcher.close()
        await self._record_stops()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            judging = group.create_task(self._judge.run(), name="judge")
            moments = leave_moments(self.progress, self._ledger.moment)
            beside = [group.create_task(one, name="display") for one in (self._display(), moments)]
            beside += [group.create_task(watch, name="fleet") for watch in self._fleet()]
            serving = group.create_task(self._own_servers.run(), name="servers")
            if self._steering is not None:
                beside.append(group.create_task(self._steering.run(), name="steering"))
            try:
                await self._queue_unjudged()
                await self.dispatcher.run(group, (self._batch(life) for life in self._batches.resumed()))
                self._own_servers.stop()
                await self._judged()
                await serving
            finally:
                for task in (judging, *beside):
                    task.cancel()

    async def _queue_unjudged(self) -> None:
        """What earlier runs left without a verdict, if that is still to be judged."""
        if not takes_leftovers(self._prepared.executor) or self.scheduler.draining:
            return
        state = self._ledger.state
        aliases = {model.model_id: alias for alias, model in state.models.items()}
        ordinals = {problem_id: ordinal for ordinal, problem_id in enumerate(state.problem_ids)}
        with closing(open_reader(self._ledger.path)) as reader:
            for rows in pieces(reader, self._prepared.executor.name, "new"):
                for row in rows:
                    if row["model_id"] in aliases and row["problem_id"] in ordinals:
                        ordinal = ordinals[row["problem_id"]]
                        await self._judge.add(unjudged(row, alias=aliases[row["model_id"]], ordinal=ordinal))

    def _judged_at_once(self, ticket: Ticket, outcome: Settlement) -> Settlement:
        judged = self._inline.judge(outcome)
        if isinstance(self._judge, AskedJudge):
            self._judge.set_aside(judged, ticket.judge_pico)
        return judged

    async def _judged(self) -> None:
        """Waits for the verdicts that are due, unless it is asked to leave: the next run judges what has none yet."""
        due = asyncio.ensure_future(self._judge.drained())
        due.add_done_callback(lambda _: self.dispatcher.wake())
        try:
            while not due.done() and not self.dispatcher.abandoned:
                if self.dispatcher.grace_is_over:
                    return
                await self.dispatcher.wait(self.dispatcher.grace_ends)
        finally:
            due.cancel()

    def _fleet(self) -> Iterator[Coroutine[Any, Any, None]]:
        for alias, model in self._prepared.sweep.models.items():
            if model.provider == "vllm" and model.serve is None and self._providers[alias]:
                for server, endpoint in zip(
                    self._providers[alias], self.scheduler.lanes[alias].endpoints, strict=True
                ):
                    yield server_queues.watch(cast("VllmProvider", server), endpoint)

    @property
    def starts_pico(self) -> int:
        """What starting the servers takes that the budget does not cover."""
        return self._own_servers.unpaid_pico

    @property
    def unjudged(self) -> int:
        """Samples whose verdict was due and is not there."""
        return self._judge.waiting

    def drain(self, *, grace_s: float, note: str, ends_within_s: float | None = None) -> None:
        """Stops sending, and waits up to `grace_s` for requests in flight. `ends_within_s`: by then its servers are to
        be gone too."""
        self.dispatcher.drain(grace_s=grace_s, note=note)
        most_s = None if ends_within_s is None else max(0.0, ends_within_s - grace_s)
        self._own_servers.drain(grace_most_s=most_s)
        self._sender.release()
        self._batches.leave()
        if self.gateway is not None:
            self.gateway.drain()

    def abandon(self) -> None:
        """Leave at once: what is in flight stays reserved in the ledger until it is presumed."""
        self._own_servers.kill()
        self.dispatcher.abandon()
        self._batches.leave()
        if self.gateway is not None:
            self.gateway.drain()

    def _wake(self) -> None:
        self.dispatcher.wake()

    def _freed(self) -> None:
        """A reply has come. Where verdicts decide what is drawn next, those on its samples come first."""
        if not self._steered:
            self.dispatcher.wake()

    # -- what is to be done -----------------------------------------------------------------------------------------

    def _perform(self, ticket: Ticket) -> Action | None:
        if self._batches.takes(ticket.alias):
            self._batches.add(ticket)
            return None
        if self._attempts is not None and self._attempts.takes(ticket.alias):
            return self._attempt(self._attempts, ticket)
        return self._sample(ticket)

    async def _attempt(self, attempts: Attempts, ticket: Ticket) -> None:
        await attempts.perform(ticket)
        await self._record_stops()

    async def _sample(self, ticket: Ticket) -> None:
        outcome = await self._sender.perform(ticket)
        if outcome is not None and ticket.alias != self._prepared.sweep.judge:
            await self._arrived(ticket, outcome)
        if self.scheduler.lanes[ticket.alias].stopped is not None:
            await self._record_stops()

    def _ready_batches(self, now: float) -> Iterator[Action]:
        self._batches.drop_stopped()
        for life in self._batches.ready(now, settled=not self._judge.behind):
            yield self._batch(life)

    async def _batch(self, life: Life) -> None:
        await life()
        await self._record_stops()

    async def _record_stops(self) -> None:
        """Writes down why models stopped, once each."""
        for alias, lane in self.scheduler.lanes.items():
            if lane.stopped is not None and alias not in self._recorded:
                self._recorded.add(alias)
                await self._ledger.stop_model(self._ledger.state.models[alias].model_id, lane.stopped)

    # -- what came --------------------------------------------------------------------------------------------------

    async def _arrived(self, ticket: Ticket, outcome: Settlement) -> None:
        alias, ordinal, samples = ticket.alias, ticket.item.problem, outcome.samples
        self._tallies[alias].done += len(samples)
        self.findings.add_samples(alias, samples)
        if not self._steered and self._count_together(alias, ordinal, outcome):
            return
        for row, verdict in zip(samples, outcome.judged or repeat(None), strict=False):
            if verdict is None:
                await self._judge.add(self._unjudged(alias, ordinal, row))
            else:
                self.findings.add_judged(alias, ordinal, row.text, verdict.answer)
                self._count_verdict(alias, ordinal, row.sample_index, verdict.passed, verdict.reason)

    def _count_together(self, alias: str, ordinal: int, outcome: Settlement) -> bool:
        """The verdicts of a reply at once, where they decide nothing; False: one is lacking, so each is looked at."""
        passes = [None if verdict is None else verdict.passed for verdict in outcome.judged]
        if not passes or None in passes:
            return False
        if not self.findings.has_example(alias):
            for row, verdict in zip(outcome.samples, outcome.judged, strict=True):
                self.findings.add_judged(alias, ordinal, row.text, verdict and verdict.answer)
        tally = self._tallies[alias]
        tally.verified += len(passes)
        tally.passed += passes.count(1)
        if 1 in passes:
            index = outcome.samples[passes.index(1)].sample_index
            self.scheduler.lanes[alias].sampling.judged(ordinal, passed=True, index=index)
        return True

    def _unjudged(self, alias: str, ordinal: int, row: SampleRow) -> Unjudged:
        state = self._ledger.state
        return Unjudged(
            alias=alias,
            model_id=state.models[alias].model_id,
            problem_id=state.problem_ids[ordinal],
            ordinal=ordinal,
            sample_index=row.sample_index,
            text=row.text,
            finish_reason=row.finish_reason,
        )

    def _on_verdict(self, sample: Unjudged, row: VerdictRow) -> None:
        self.findings.add_judged(sample.alias, sample.ordinal, sample.text, row.answer)
        self._count_verdict(sample.alias, sample.ordinal, sample.sample_index, row.passed, row.reason)
        self.dispatcher.wake()

    def _count_verdict(
        self, alias: str, ordinal: int, index: int, passed: int | None, reason: str | None
    ) -> None:
        if passed is None:
            self._on_warning(alias, f"a sample could not be judged: {reason}")
        if self._missing.are_too_many(ordinal, judged=passed is not None):
            for steered in self._steered:
                self.scheduler.stop(steered, why_it_stops(reason, self._ledger.path))
        tally = self._tallies[alias]
        tally.verified += passed is not None
        tally.passed += passed == 1
        self.scheduler.lanes[alias].sampling.judged(ordinal, passed=passed == 1, index=index)

    # -- how it stands ----------------------------------------------------------------------------------------------

    async def _display(self) -> None:
        while True:
            try:
                self._show(self.progress())
            except OSError:
                return  # the terminal is gone (SIGHUP): the run goes on without it
            await asyncio.sleep(SHOW_EVERY_S)

    def progress(self, ended: str | None = None) -> Progress:
        """The figures of this moment; `ended`: how it ended."""
        phase = ended or ("draining" if self.scheduler.draining else "sampling")
        note = (None if ended else self.dispatcher.note) or self.findings.to_watch()
        return self._figures.progress(phase, unverified=self._judge.waiting, note=note)


def _hourly_prices(prepared: Prepared) -> dict[str, HourlyPrice]:
    return {
        alias: HourlyPrice(model.gpu_usd_per_hour, model.gpus)
        for alias, model in prepared.sweep.models.items()
        if model.gpu_usd_per_hour is not None and model.serve is None
    }
