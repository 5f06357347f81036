"""One model as the scheduler sees it, what it may cost, and what of it is under way. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from orchestrator.scheduler.acceptance import Acceptance
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.limits.rates import Estimate, RateLimit
from orchestrator.scheduler.losses import Losses
from orchestrator.scheduler.retry import LONGEST_S
from orchestrator.scheduler.work import Item, Work
from orchestrator.scheduler.work_source import WorkSource
from providers.errors import BadRequest, ProviderError

MOST_UNPROVEN = 4
"""Requests in flight of a model whose bound no reply has shown to hold."""
BATCH_LIFE_S = 26 * 3600.0
"""No batch works longer than a day; two hours more for clocks that differ."""
NO_PROBLEM = -1
"""The ordinal of a problem that the plan no longer asks."""


def _nothing(_problem: int, /) -> int:
    return 0


class WorstCase(Protocol):
    """The most that a request may cost, by which of its samples go out with it."""

    @property
    def input_tokens(self) -> int:
        """Expected, for limits of tokens."""
        ...

    def worst_of(self, indices: Sequence[int], /) -> int:
        """In pico-dollars."""
        ...

    def fitting(self, indices: Sequence[int], room: int, /) -> int:
        """How many of the first of them `room` pays for."""
        ...


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """Worst case of a request of one problem, in pico-dollars: `fixed` for its input, `sample` for each sample."""

    fixed: int
    sample: int
    input_tokens: int
    """Expected, for limits of tokens."""

    def worst(self, n: int) -> int:
        return self.fixed + n * self.sample

    def worst_of(self, indices: Sequence[int]) -> int:
        return self.fixed + len(indices) * self.sample

    def fitting(self, indices: Sequence[int], room: int) -> int:
        if not self.sample:
            return len(indices) if self.fixed <= room else 0
        return max(0, min(len(indices), (room - self.fixed) // self.sample))


class AttemptBound(msgspec.Struct, frozen=True, kw_only=True):
    """Of an agent's attempts at one problem: each may cost its cap. `spent`: by sample index, what an attempt that an
    earlier run left has cost already."""

    sample: int
    spent: Mapping[int, int] = {}
    fixed: int = 0
    input_tokens: int = 0

    def worst(self, n: int) -> int:
        return n * self.sample

    def worst_of(self, indices: Sequence[int]) -> int:
        return sum(max(0, self.sample - self.spent.get(index, 0)) for index in indices)

    def fitting(self, indices: Sequence[int], room: int) -> int:
        fits = 0
        while fits < len(indices) and self.worst_of(indices[: fits + 1]) <= room:
            fits += 1
        return fits


@dataclass(slots=True, kw_only=True)
class ModelLane:
    """One model as the scheduler sees it."""

    alias: str
    work: WorkSource
    endpoints: list[Endpoint]
    rate: RateLimit
    bounds: list[WorstCase | None]
    """By ordinal; made when first needed, see Scheduler.bound. Empty where each call has its own."""
    max_tokens: int
    expected_output_tokens: int
    max_attempts: int
    max_wait_s: float
    max_lost: int = 3
    """Attempts of a sample that may end unknown."""
    counts_max_tokens: bool = False
    """Whether its limits count what was asked for, not what came."""
    separable: bool = False
    """Whether the parts of a request are inputs of their own, so that a refusal may be of one of them alone."""
    batch: bool = False
    """Whether its requests go into batches, whose ends say nothing of a server's health or of a rate."""
    judge: ModelLane | None = None
    """The model that is asked for a verdict on each sample …"""
    judge_pico: Callable[[int], int] = _nothing
    """… and the most that this costs for a sample, by problem."""
    planned: Work | None = None
    """Its samples, where `work` is something else: none, of a model that only judges."""
    proves_bound: bool = False
    """Whether few of its requests may be in flight until a reply has shown that its bound holds."""
    bound_shown: bool = False
    left_out: bool = False
    """Not of this run: nothing of it is sent, and its share of the money stays its own."""
    stopped: str | None = None
    """Why it can't go on in this run."""
    unbounded: bool = False
    """It stopped since its worst case can't be bounded: that is reported even when all its samples are collected."""
    replied: bool = False
    refused: int = 0
    """Problems refused outright before the first reply."""
    out_of_money: bool = False
    waiting: str | None = None
    wake_at: float | None = None
    homes: dict[int, int] = field(default_factory=dict[int, int])
    """Of several servers, the one that was asked last, by problem: it may have the prompt in its cache."""
    in_flight: dict[int, Ticket] = field(default_factory=dict[int, "Ticket"])
    losses: Losses = field(default_factory=Losses)
    acceptance: Acceptance = field(default_factory=Acceptance)
    errors: dict[str, int] = field(default_factory=dict[str, int])
    buys_attempts: bool = False
    """Whether its tickets are attempts of an agent, whose calls are its requests."""
    calls_in_flight: int = 0
    sent: int = 0
    """Requests of this run."""
    retried: int = 0

    former_n: int = 0
    """What a request might hold before one sample a request was tried, since refusals may have been about n."""
    takes_several: bool = False
    """One reply brought more than one sample."""
    refuses_n: bool = False
    """What was refused with several samples a request goes through with one."""

    def suspects_n(self, error: ProviderError, n: int) -> bool:
        """Whether a refusal that names no cause may be one of several samples a request, in words unknown here."""
        if not isinstance(error, BadRequest):
            return False
        if n == 1 and self.former_n:  # it is the problem
            self.work.max_n, self.former_n = self.former_n, 0
        return error.unclear and n > 1 and not (self.takes_several or self.batch or self.separable)

    def try_one_sample(self) -> None:
        self.former_n = self.former_n or self.work.max_n
        self.work.max_n = 1

    def showed_n(self, n: int, arrived: int) -> None:
        """A reply to a request for n samples."""
        self.takes_several = self.takes_several or arrived > 1
        if self.former_n and n == 1 and arrived:
            self.refuses_n, self.former_n = True, 0
        elif self.former_n and arrived > 1:
            self.work.max_n, self.former_n = self.former_n, 0

    @property
    def longest_refusal_s(self) -> float:
        """For how long a vendor may reject every request before the model stops. A queue of batches is full as long as
        other batches work, of which none lasts longer than a day."""
        return max(self.max_wait_s, BATCH_LIFE_S) if self.batch else self.max_wait_s

    @property
    def longest_try_s(self) -> float:
        """After its first attempt a sample has no other so much later. A model that is refused stops before its samples
        are given up."""
        return 2 * self.longest_refusal_s if self.batch else LONGEST_S

    @property
    def sampling(self) -> Work:
        """Its work, of a model that is sampled."""
        if self.planned is not None:
            return self.planned
        assert isinstance(self.work, Work)
        return self.work

    @property
    def is_held_back(self) -> bool:
        """As many requests are in flight as may be before a reply has shown that its bound holds, or held a sample."""
        if (not self.proves_bound or self.bound_shown) and (self.batch or not self.acceptance.is_in_doubt):
            return False
        return sum(not ticket.adopted for ticket in self.in_flight.values()) >= MOST_UNPROVEN

    @property
    def requests_in_flight(self) -> int:
        return self.calls_in_flight if self.buys_attempts else len(self.in_flight)

    @property
    def samples_in_flight(self) -> int:
        return sum(e.samples for e in self.endpoints)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An admitted request: its money is held, its limits are debited."""

    number: int
    alias: str
    item: Item
    worst_pico: int
    judge_pico: int = 0
    """Set aside for the verdicts on its samples."""
    endpoint: int
    estimate: Estimate
    sent_at: float
    adopted: bool = False
    """Sent by an earlier run: it counts against no limit of this one."""

    @property
    def n(self) -> int:
        return len(self.item.indices)
