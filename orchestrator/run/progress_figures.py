"""The figures of a run while it goes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from orchestrator.ledger.writing.run_state import RunState
from orchestrator.moment import EVERY_S, moment
from orchestrator.pace import Pace
from orchestrator.progress import (
    AttemptProgress,
    ModelProgress,
    PolicyProgress,
    Progress,
    ServerProgress,
    last_eta_s,
)
from orchestrator.scheduler.lane import ModelLane
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sweep.types import Sweep

RATE_WINDOW_S = 30.0
SHARING = ("cascade", "solve")
"""Policies by which a problem is over for all models once one has solved it."""


async def leave_moments(now: Callable[[], Progress], leave: Callable[[str], Awaitable[None]]) -> None:
    """For those who watch from another process: as often as they'd look, and only what changed. Never ends."""
    left = ""
    while True:
        await asyncio.sleep(EVERY_S)
        if (said := moment(now())) != left:
            left = said
            await leave(said)


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


class ProgressFigures:
    """Reads them from the scheduler, the tallies and what the ledger held when the run began. `waits_for` gives what
    a model waits for outside the scheduler."""

    def __init__(
        self,
        sweep: Sweep,
        scheduler: Scheduler,
        state: RunState,
        tallies: Mapping[str, Tally],
        *,
        waits_for: Callable[[str], str | None],
        servers: Callable[[], tuple[ServerProgress, ...]],
        starts_pico: Callable[[], int],
        attempts: Callable[[], tuple[AttemptProgress, ...]],
        policy: Callable[[], PolicyProgress | None],
        clock: Callable[[], float],
    ) -> None:
        self._name = sweep.name
        self._is_shared = sweep.policy.kind in SHARING
        self._attempts = attempts
        self._policy = policy
        self._scheduler = scheduler
        self._state = state
        self._tallies = tallies
        self._waits_for = waits_for
        self._servers = servers
        self._starts_pico = starts_pico
        self._clock = clock
        self._started = clock()
        before = bytearray(len(state.problem_ids))
        for place in state.solved_by_any:
            before[place] = 1
        self._solved_before = int.from_bytes(before, "little")
        """Perhaps by models that are asked no more."""
        self._pace = Pace()

    def progress(self, phase: str, *, unverified: int, note: str | None) -> Progress:
        """The figures of this moment."""
        now = self._clock()
        budget = self._scheduler.budget
        lanes = [lane for lane in self._scheduler.lanes.values() if not lane.left_out]
        policy = self._policy()
        models = tuple(self._model(lane, now, policy) for lane in lanes)
        counted = list(budget.counted)
        spent = sum(f.settled + f.presumed for f in counted)
        came = sum(tally.done for tally in self._tallies.values())
        failed = sum(sum(lane.errors.values()) for lane in lanes)
        self._pace.seen(now, pico=spent, replies=came + failed)
        others = self._state.others
        return Progress(
            name=self._name,
            phase=phase,
            budget_pico=budget.total,
            settled_pico=others.settled_pico + sum(f.settled for f in counted),
            presumed_pico=others.presumed_pico + sum(f.presumed for f in counted),
            reserved_pico=others.reserved_pico + sum(f.reserved + f.left for f in counted),
            replayed_pico=sum(f.settled for f in budget.funds.values() if not f.counted),
            elapsed_s=now - self._started,
            eta_s=last_eta_s(models, policy),
            pico_per_s=self._pace.pico_per_s,
            since_reply_s=self._pace.since_reply_s(now),
            at=time.time(),
            unverified=unverified,
            solved_by_any=self._solved_by_any() if self._is_shared else None,
            models=models,
            policy=policy,
            servers=self._servers(),
            starts_pico=self._starts_pico(),
            attempts=self._attempts(),
            note=note,
        )

    def _solved_by_any(self) -> int:
        together = self._solved_before  # a byte a problem, as numbers: this is asked four times a second
        for lane in self._scheduler.lanes.values():
            together |= int.from_bytes(lane.sampling.solved, "little")
        return together.bit_count()

    def _model(self, lane: ModelLane, now: float, policy: PolicyProgress | None) -> ModelProgress:
        tally, funds = self._tallies[lane.alias], self._scheduler.budget.funds[lane.alias]
        totals, work = self._state.models[lane.alias].totals, lane.sampling
        done, failed, lacking = sum(work.done), sum(work.failed), work.lacking()
        rate = tally.rate(now)
        timed = rate > 0 and (policy is None or not policy.may_leave_samples)
        return ModelProgress(
            alias=lane.alias,
            replayed=not funds.counted,
            done=done,
            planned=done + failed + lacking,
            failed=failed,
            in_flight_requests=lane.requests_in_flight,
            in_flight_samples=lane.samples_in_flight,
            samples_per_s=rate,
            settled_pico=funds.settled,
            presumed_pico=funds.presumed,
            reserved_pico=funds.reserved + funds.left,
            requests=totals.requests + lane.sent,
            retries=totals.retries + lane.retried,
            problems=len(work.done),
            solved_problems=sum(work.solved),
            verified=tally.verified,
            passed=tally.passed,
            waiting=lane.waiting or self._waits_for(lane.alias),
            stopped=lane.stopped,
            steered=policy is not None,
            capped=any(
                self._scheduler.budget.is_capped(one.alias) for one in (lane, lane.judge) if one is not None
            ),
            eta_s=0.0 if not lacking else lacking / rate if timed else None,
            errors=dict(lane.errors),
        )
