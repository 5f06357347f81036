"""How often and how long the event loop stood, in a line each for the end of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from providers.transport.awake import Stall

NAMED_S = 0.5
"""What is shorter is no matter."""


@dataclass(slots=True)
class Stalls:
    """By what held the loop."""

    stopped: list[float] = field(default_factory=list[float])
    computing: list[float] = field(default_factory=list[float])

    def add(self, stall: Stall) -> None:
        if stall.seconds >= NAMED_S:
            (self.computing if stall.computing else self.stopped).append(stall.seconds)

    def lines(self) -> list[str]:
        """What to show of them."""
        told: list[str] = []
        if self.stopped:
            told.append(
                f"the program stood still for {_span(self.stopped)} (stopped, suspended or short of processor time): "
                "replies that came meanwhile were read first, and time-outs did not count it"
            )
        if self.computing:
            told.append(
                f"a computation held everything else up for {_span(self.computing)}: "
                "time-outs did not count it, but sending and receiving waited"
            )
        return told


def _span(seconds: list[float]) -> str:
    if len(seconds) == 1:
        return f"{seconds[0]:.1f} s"
    return f"{sum(seconds):.1f} s in all ({len(seconds)} times, {max(seconds):.1f} s at worst)"
