"""What follows an agent's call without an answer: again, the vendor's words passed on, its model's end. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from orchestrator.scheduler.retry import BROKEN_OFF_S, asks_too_long, wait_before
from providers.errors import (
    Loading,
    Lost,
    MayHaveCost,
    NotSent,
    Overloaded,
    ProviderError,
    RateLimited,
    Stopped,
)

MOST_LOST = 1
"""So often an answer that was lost or broken off is asked for once more."""


class Then(Enum):
    """What the gateway does."""

    AGAIN = auto()
    PASS_ON = auto()
    """The agent gets the vendor's own words."""
    LOST = auto()
    """The agent is told that no answer came."""
    STOP = auto()
    """The agent gets the vendor's own words, and the model stops."""


@dataclass(slots=True)
class Tries:
    """What was tried for one call."""

    made: int = 0
    lost: int = 0
    refused_at: float | None = None
    """When the vendor first refused it for the moment."""


def after(
    error: ProviderError, tries: Tries, *, now: float, max_wait_s: float, random: Random
) -> tuple[Then, float]:
    """What follows, and after which wait."""
    if isinstance(error, Stopped) and not error.about_request:
        return Then.STOP, 0.0
    if asks_too_long(error, max_wait_s):
        return Then.STOP, 0.0
    unknown = error.outcome is MayHaveCost.UNKNOWN
    if isinstance(error, Lost) or (unknown and isinstance(error, (RateLimited, Overloaded))):
        if tries.lost >= MOST_LOST:
            return Then.LOST, 0.0
        tries.lost += 1
        wait_s = wait_before(1, error.retry_after_s, random)
        return Then.AGAIN, min(BROKEN_OFF_S, wait_s)
    if isinstance(error, (RateLimited, Overloaded, NotSent)):
        tries.refused_at = now if tries.refused_at is None else tries.refused_at
        wait_s = wait_before(tries.made, error.retry_after_s, random)
        only_time = isinstance(error, (RateLimited, Loading))
        if not only_time and now + wait_s - tries.refused_at > max_wait_s:
            return (Then.LOST if isinstance(error, NotSent) else Then.PASS_ON), 0.0
        return Then.AGAIN, wait_s
    return Then.PASS_ON, 0.0
