"""How an attempt ended, and whether that makes it a sample. Pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EndedBy(StrEnum):
    """What ended an attempt."""

    EXIT = "exit"
    """Its program left by itself."""
    CAP = "cap"
    """Its dollars or calls are used up."""
    TIME = "time"
    """attempt_s is over."""
    WALL = "wall_time"
    """attempt_wall_s is over: most of it may have been waits, so it says nothing of the agent."""
    STOPPED = "model_stopped"
    """No call of its model can succeed until a person acts."""
    UNPAID = "unpaid"
    """The run's budget pays for no more of its server's time; it continues once there is more."""
    DRAINED = "interrupted"
    """The run was asked to end; the next one goes on with it."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once the program is gone."""

    by: EndedBy
    exit_status: int | None = None
    output: str = ""
    """What the sample's text is, collected whatever happened."""
    stderr: str | None = None
    """The last line that it wrote there."""
    message: str | None = None
    """Why no output was found."""


class Outcome(StrEnum):
    """What becomes of an attempt."""

    SAMPLE = "sample"
    OPEN = "open"
    """The next run goes on with it."""
    AGAIN = "again"
    """It brought nothing and says nothing of the agent: it is made anew."""
    LOST = "lost"
    """It made no sample, and is not made anew in this run."""


def outcome_of(ending: Ending, *, paid_calls: int) -> tuple[Outcome, str | None]:
    """The outcome, and the finish_reason of a sample. `paid_calls`: calls whose replies reached the agent, or
    that were cut off since its cap was used up."""
    match ending.by:
        case EndedBy.DRAINED | EndedBy.UNPAID:
            return Outcome.OPEN, None
        case EndedBy.CAP if not paid_calls:
            return Outcome.AGAIN, None  # its first call is above the cap already
        case EndedBy.CAP | EndedBy.TIME:
            return Outcome.SAMPLE, str(ending.by)
        case EndedBy.WALL:
            return Outcome.LOST, None
        case EndedBy.STOPPED:
            return Outcome.AGAIN, None
        case EndedBy.EXIT:
            if ending.exit_status == 0:
                return Outcome.SAMPLE, "stop"
            return (Outcome.SAMPLE, "error") if paid_calls else (Outcome.AGAIN, None)
