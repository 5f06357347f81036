"""Sends a reward model what is lacking, as any request is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.reward.jobs import Job
from orchestrator.reward.reward_model import RewardModel
from orchestrator.reward.scoring import Scoring
from orchestrator.scheduler.budget import Budget
from orchestrator.scheduler.call_queue import CallQueue
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import ModelLane, Ticket
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.dispatcher import Dispatcher
from orchestrator.sending.paid_servers import HourlyPrice, paid_servers
from orchestrator.sending.sender import Sender
from pricing.stated import is_free
from providers.reward import ScoreProvider
from providers.transport.awake import awake_clock

MOST_ATTEMPTS = 8
MOST_WAIT_S = 600.0


class ScoreDriver:
    """`texts`: how many the jobs have together. `on_progress` gets how many are scored."""

    def __init__(
        self,
        scorer: RewardModel,
        jobs: Iterator[Job],
        texts: int,
        ledger: Ledger,
        budget: Budget,
        providers: Sequence[ScoreProvider],
        *,
        overhead_tokens: int,
        bound_shown: bool,
        on_progress: Callable[[int], None],
        on_warning: Callable[[str, str], None],
    ) -> None:
        queue = CallQueue(jobs, parts=texts, max_n=scorer.max_n)
        scoring = Scoring(
            scorer,
            queue,
            ledger,
            providers,
            overhead_tokens=max(overhead_tokens, scorer.prompt_overhead_tokens),
            on_progress=on_progress,
        )
        self.tally = scoring.tally
        self.lane = _lane(scorer, queue, providers)
        self.lane.proves_bound = scorer.gpu_usd_per_hour is None and not is_free(scorer.price)
        self.lane.bound_shown = bound_shown
        scheduler = Scheduler({scorer.alias: self.lane}, budget, scoring.bound)
        rate = scorer.gpu_usd_per_hour
        prices = {} if rate is None else {scorer.alias: HourlyPrice(rate, scorer.gpus)}
        servers = paid_servers(prices, scheduler, ledger, on_warning)
        self._sender = Sender(
            scheduler,
            ledger,
            {scorer.alias: scoring},
            servers=servers,
            clock=awake_clock().time,
            on_warning=on_warning,
        )
        self.dispatcher = Dispatcher(scheduler, list(servers.values()), perform=self._perform)

    async def run(self) -> None:
        """Until nothing is lacking, or something ends it. Raises LedgerBroken."""
        async with asyncio.TaskGroup() as group:
            await self.dispatcher.run(group)
        await self._sender.free_unsent()
        await self.dispatcher.close()

    async def _perform(self, ticket: Ticket) -> None:
        await self._sender.perform(ticket)


def _lane(scorer: RewardModel, queue: CallQueue[Job], providers: Sequence[ScoreProvider]) -> ModelLane:
    return ModelLane(
        alias=scorer.alias,
        work=queue,
        endpoints=[
            Endpoint(server=provider.server, sequences=scorer.concurrency * scorer.max_n)
            for provider in providers
        ],
        rate=RateLimit(concurrency=scorer.concurrency * len(providers)),
        bounds=[],
        max_tokens=0,
        expected_output_tokens=0,
        max_attempts=MOST_ATTEMPTS,
        max_wait_s=MOST_WAIT_S,
        separable=True,
    )
