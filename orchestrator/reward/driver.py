"""Asks the scorer for what is lacking: a few requests at once, each reserved, sent and settled as any request is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from orchestrator.booking.booking import Attempt, book
from orchestrator.errors import LedgerBroken
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.reward.jobs import Job, Statement
from orchestrator.reward.request import Requests
from orchestrator.reward.reward_model import RewardModel
from orchestrator.run.attempts import OVER_OUTPUT, ended_badly, free, lease_over
from orchestrator.run.paid_servers import LeaseOver, PaidServer, Share
from orchestrator.scheduler.budget import Budget
from orchestrator.scheduler.endpoints import Endpoint, least_loaded
from orchestrator.scheduler.retry import Then, decide
from orchestrator.scheduler.work import Item
from providers.errors import BadRequest, Lost, MayHaveCost, NotSent, Overloaded, ProviderError
from providers.reward import ScoreProvider
from providers.types import Reply

LOOKS_EVERY_S = 0.05
MOST_ATTEMPTS = 8
MOST_WAIT_S = 600.0


@dataclass(slots=True)
class ScoreTally:
    """What came of the texts, and why it ended early."""

    scored: int = 0
    failed: int = 0
    short: bool = False
    """The budget does not cover the next request."""
    stopped: str | None = None
    """Why the scorer could not go on."""
    note: str | None = None
    """What interrupted it."""
    reason: str | None = None
    """Why the last text that failed did."""


class ScoreDriver:
    """`told` hears how many texts are scored. Raises LedgerBroken."""

    def __init__(
        self,
        scorer: RewardModel,
        jobs: Iterator[Job],
        ledger: Ledger,
        budget: Budget,
        providers: Sequence[ScoreProvider],
        *,
        overhead_tokens: int,
        told: Callable[[int], None],
    ) -> None:
        self._scorer = scorer
        self._jobs = jobs
        self._ledger = ledger
        self._budget = budget
        self._providers = {provider.server: provider for provider in providers}
        self._endpoints = [
            Endpoint(server=server, sequences=scorer.concurrency * scorer.max_n) for server in self._providers
        ]
        self._paid = self._paid_servers()
        self._requests = Requests(scorer, ledger, max(overhead_tokens, scorer.prompt_overhead_tokens))
        self._told = told
        self._split: list[Job] = []
        """Parts of requests that had to be made smaller."""
        self._random = Random()  # noqa: S311 - jitter
        self._keys = iter(range(1 << 62))
        self._tasks: list[asyncio.Task[None]] = []
        self._grace: asyncio.TimerHandle | None = None
        self.tally = ScoreTally()

    def _paid_servers(self) -> dict[str, PaidServer]:
        rate = self._scorer.gpu_usd_per_hour
        if rate is None:
            return {}
        return {
            endpoint.server: PaidServer(
                self._scorer.alias,
                endpoint,
                self._budget,
                self._ledger,
                usd_per_hour=rate,
                gpus=self._scorer.gpus,
            )
            for endpoint in self._endpoints
        }

    @property
    def over(self) -> bool:
        """Nothing more is sent."""
        return self.tally.short or self.tally.stopped is not None or self.tally.note is not None

    def drain(self, *, grace_s: float, note: str) -> None:
        """Sends nothing more; what is in flight has `grace_s` to land."""
        self.tally.note = note
        self._grace = asyncio.get_running_loop().call_later(grace_s, self.abandon)

    def abandon(self) -> None:
        """Leaves now: what is in flight is presumed."""
        for task in self._tasks:
            task.cancel()

    async def run(self) -> None:
        """Until nothing is lacking, or something ends it."""
        watches = [asyncio.create_task(server.watch()) for server in self._paid.values()]
        at_once = self._scorer.concurrency * len(self._endpoints)
        self._tasks = [asyncio.create_task(self._work()) for _ in range(at_once)]
        try:
            ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            if self._grace is not None:
                self._grace.cancel()
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
        broken = [error for error in ended if isinstance(error, Exception)]
        if broken:
            raise next((error for error in broken if isinstance(error, LedgerBroken)), broken[0])
        for server in self._paid.values():
            await server.close()

    async def _work(self) -> None:
        while not self.over and (job := self._next()) is not None:
            try:
                await self._do(job)
            except Exception:
                self.abandon_others()
                raise

    def abandon_others(self) -> None:
        """An error of ours or a broken ledger: nobody else goes on."""
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    def _next(self) -> Job | None:
        return self._split.pop() if self._split else next(self._jobs, None)

    async def _do(self, job: Job) -> None:
        """One job until it is scored, given up, or the run is over."""
        item: Item | None = Item(problem=0, indices=tuple(range(len(job.texts))), first_at=time.monotonic())
        wait_s = 0.0
        while item is not None:
            await self._wait(wait_s)
            placed = await self._place(job)
            if placed is None:
                return
            item, wait_s = await self._attempt(job, item, *placed)

    async def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.over and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110 - several things end it
            await asyncio.sleep(min(left, LOOKS_EVERY_S))

    async def _place(self, job: Job) -> tuple[Endpoint, int] | None:
        """A server that takes it, and its worst case, reserved; None where the run is over, or the job is split."""
        while not self.over:
            now = time.monotonic()
            if all(endpoint.dead(now) for endpoint in self._endpoints):
                self.tally.stopped = "no server answers"
                return None
            endpoint = least_loaded(self._endpoints, len(job.texts), now)
            if endpoint is not None and (endpoint.claim is None or endpoint.claim()):
                worst = self._requests.worst_pico(job)
                if self._budget.reserve(self._scorer.alias, worst):
                    endpoint.sent(len(job.texts))
                    return endpoint, worst
                if worst > self._budget.room_later(self._scorer.alias):
                    self._split_or_stop(job)
                    return None
            self._reconsider()
            await asyncio.sleep(LOOKS_EVERY_S)
        return None

    def _split_or_stop(self, job: Job) -> None:
        """Even with nothing else in flight it would not fit: smaller, or the budget is over."""
        if len(job.texts) > 1:
            self._split += reversed(job.halves())
        else:
            self.tally.short = True

    def _reconsider(self) -> None:
        """Where no server's next half minute fits and nothing runs that could free some, the budget is over."""
        if not self._paid or not all(endpoint.unpaid for endpoint in self._endpoints):
            return
        for server in self._paid.values():
            server.reconsider()
        if all(endpoint.unpaid and not endpoint.requests for endpoint in self._endpoints):
            self.tally.short = True

    async def _attempt(
        self, job: Job, item: Item, endpoint: Endpoint, worst: int
    ) -> tuple[Item | None, float]:
        """Reserve, send, settle. Gives the item to try again and after which wait; None where it is done with."""
        server = self._paid.get(endpoint.server)
        attempt = self._requests.attempt(job, endpoint.server, worst, server.lease_id if server else None)
        await self._ledger.reserve(*self._requests.reservation(job, attempt, item.attempt))
        if self.over or (server is not None and not await server.ready()):
            self._ended(endpoint, job, attempt, alive=None)
            await self._ledger.end(free(attempt, error="NotSent", message="the run was ending"))
            return item, 0.0
        key = next(self._keys)
        try:
            reply = await self._send(job, endpoint, server, key)
        except LeaseOver:
            assert server is not None
            share = server.share(key)
            self._ended(endpoint, job, attempt, alive=None)
            await self._ledger.end(lease_over(attempt, share))
            return item, 0.0
        except ProviderError as error:
            return await self._failed(job, item, endpoint, attempt, error, server and server.share(key))
        await self._scored(job, endpoint, attempt, reply, server and server.share(key))
        return None, 0.0

    async def _send(self, job: Job, endpoint: Endpoint, server: PaidServer | None, key: int) -> Reply:
        provider, request = self._providers[endpoint.server], self._requests.request(job)
        if server is None:
            return await provider.send(request)
        async with server.working(key, len(job.texts)):
            return await provider.send(request)

    def _ended(
        self,
        endpoint: Endpoint,
        job: Job,
        attempt: Attempt,
        *,
        alive: bool | None,
        settled: int = 0,
        presumed: int = 0,
    ) -> None:
        """Memory first, in one step with the write that follows, so that what is freed is freed in that transaction."""
        endpoint.ended(len(job.texts), time.monotonic(), alive=alive)
        self._budget.end(self._scorer.alias, attempt.worst_pico, settled=settled, presumed=presumed)

    async def _scored(
        self, job: Job, endpoint: Endpoint, attempt: Attempt, reply: Reply, share: Share | None
    ) -> None:
        booked = book(
            reply, attempt, time.time(), share=None if share is None else (share.pico, share.leased)
        )
        outcome = replace(booked.outcome, samples=(), unused_pico=booked.outcome.settled_pico)
        settled = 0 if outcome.lease_id is not None else outcome.settled_pico
        self._ended(endpoint, job, attempt, alive=True, settled=settled, presumed=outcome.presumed_pico)
        raised = self._requests.raise_overhead(booked.extra_input_tokens, len(job.texts))
        if booked.over_output:
            self.tally.stopped = OVER_OUTPUT
        statements = self._kept(job, reply)
        self._count(job, reply, booked.warning or "no score in the reply")
        overhead = self._requests.overhead_tokens if raised else None
        await self._ledger.end(outcome, overhead=overhead, also=statements)

    def _kept(self, job: Job, reply: Reply) -> list[Statement]:
        return [
            statement
            for choice in reply.choices
            for statement in job.texts[choice.index].scored(
                self._scorer.name, job.problem_id, float(choice.text)
            )
        ]

    def _count(self, job: Job, reply: Reply, why: str) -> None:
        self.tally.scored += len(reply.choices)
        if missing := len(job.texts) - len(reply.choices):
            self.tally.failed += missing
            self.tally.reason = why
        self._told(self.tally.scored)

    async def _failed(
        self,
        job: Job,
        item: Item,
        endpoint: Endpoint,
        attempt: Attempt,
        error: ProviderError,
        share: Share | None,
    ) -> tuple[Item | None, float]:
        """Frees or presumes; a server's time is settled, whatever became of the reply."""
        unknown = error.outcome is MayHaveCost.UNKNOWN and share is None
        presumed = attempt.worst_pico if unknown else 0
        alive = not isinstance(error, (NotSent, Lost, Overloaded))
        self._ended(endpoint, job, attempt, alive=alive, presumed=presumed)
        outcome = ended_badly(attempt, error, share, unknown=unknown)
        decision = decide(
            error,
            item,
            now=time.monotonic(),
            max_attempts=MOST_ATTEMPTS,
            max_wait_s=MOST_WAIT_S,
            random=self._random,
        )
        again = None
        if isinstance(error, BadRequest) and len(job.texts) > 1:
            self._split += job.halves()  # one of them is refused, such as a text beyond the model's length
        elif decision.then is Then.AGAIN:
            again = replace(item, attempt=item.attempt + 1, lost=item.lost + isinstance(error, Lost))
        elif decision.then is Then.STOP:
            self.tally.stopped = error.message
        else:
            self.tally.failed += len(job.texts)
            self.tally.reason = error.message
        await self._ledger.end(replace(outcome, samples=(), unused_pico=outcome.settled_pico))
        return again, decision.wait_s
