"""When a failed attempt is made again: an allow-list of error classes, jittered exponential waits, limits. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from random import Random
from typing import TYPE_CHECKING, cast

from orchestrator.scheduler.work import Item
from providers.errors import (
    BadRequest,
    Loading,
    Lost,
    MayHaveCost,
    NotSent,
    Overloaded,
    ProviderError,
    RateLimited,
    Stopped,
    TooManySamples,
    Undone,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState
    from tenacity.wait import wait_base

WORTH_ANOTHER_TRY = (RateLimited, Overloaded, Undone, NotSent, Lost)
BROKEN_OFF_S = 5.0
"""The longest wait after a reply that the server itself broke off."""
LONGEST_S = 3600.0
"""A sample is given up this long after its first attempt."""


class Then(Enum):
    """What follows a failed attempt."""

    AGAIN = auto()
    FEWER = auto()
    """With fewer samples a request."""
    SPLIT = auto()
    """At once, in two requests: one of its parts is refused."""
    GIVE_UP = auto()
    """These samples fail for good."""
    STOP = auto()
    """The model stops."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows, and after which wait."""

    then: Then
    wait_s: float = 0.0


def decide(
    error: ProviderError,
    item: Item,
    *,
    presumed: int = 0,
    now: float,
    max_attempts: int,
    max_lost: int,
    max_wait_s: float,
    random: Random,
    separable: bool = False,
    longest_s: float = LONGEST_S,
) -> Decision:
    """`item` is the attempt that failed, its own counts included; `presumed`: what is counted for it. `separable`: its
    parts may be refused one by one. `longest_s`: after the first attempt there is no other."""
    if isinstance(error, Stopped) or asks_too_long(error, max_wait_s):
        return Decision(Then.STOP)
    if isinstance(error, TooManySamples):
        wait_s = wait_before_fewer(error, item, random)
        return Decision(Then.FEWER, wait_s) if len(item.indices) > 1 else Decision(Then.STOP)
    if separable and isinstance(error, BadRequest) and len(item.indices) > 1:
        return Decision(Then.SPLIT)
    if not isinstance(error, WORTH_ANOTHER_TRY):
        return Decision(Then.GIVE_UP)
    wait_s = wait_before(item.attempt, error.retry_after_s, random)
    # A refusal by a rate limit, or by a server that loads its model, says nothing of the sample: only time bounds it.
    tried_enough = not isinstance(error, (RateLimited, Loading)) and item.attempt >= max_attempts
    lost_enough = (isinstance(error, Lost) or presumed > 0) and item.lost + 1 >= max_lost
    too_late = item.first_at is not None and now + wait_s - item.first_at > longest_s
    if tried_enough or lost_enough or too_late:
        return Decision(Then.GIVE_UP)
    return Decision(Then.AGAIN, wait_s)


def asks_too_long(error: ProviderError, max_wait_s: float) -> bool:
    """Whether the vendor asks for a wait that parks the model. It says nothing of the samples: they don't fail."""
    return isinstance(error, (RateLimited, Overloaded)) and (error.retry_after_s or 0) > max_wait_s


def wait_before(attempt: int, retry_after_s: float | None, random: Random) -> float:
    """Seconds until the next try: what the vendor asked for and a little more, or half to all of 1, 2, 4 … 60 s."""
    if retry_after_s is not None:
        return retry_after_s * (1 + 0.05 * random.random())
    state = cast("RetryCallState", _Attempt(attempt))
    return usual_wait()(state) * (0.5 + 0.5 * random.random())


def wait_before_fewer(error: ProviderError, item: Item, random: Random) -> float:
    """None after a refusal; what may have been billed is never asked again without one."""
    if error.outcome is MayHaveCost.FREE:
        return 0.0
    return wait_before(item.attempt, error.retry_after_s, random)


@cache
def usual_wait() -> wait_base:
    """1, 2, 4 … 60 s."""
    from tenacity import wait_exponential  # late: the first request needs none

    return wait_exponential(multiplier=1, min=1, max=60)


@dataclass(slots=True)
class _Attempt:
    """The part of tenacity's RetryCallState that a wait policy reads."""

    attempt_number: int
