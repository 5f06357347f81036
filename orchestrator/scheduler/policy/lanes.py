"""What of the scheduler the choice of the next sample depends on."""

from __future__ import annotations

from typing import Protocol

from orchestrator.scheduler.policy.cost_factors import CostFactors


class Lanes(Protocol):
    """What of the scheduler the choice depends on."""

    def can_go_on(self, model: int, /) -> bool:
        """Whether the model may still be asked in this run."""
        ...

    def can_be_asked(self, model: int, /) -> bool:
        """Whether others may have to wait for it: only its limits hold it up, no other's server and no money."""
        ...

    def is_held_up(self, model: int, /) -> bool:
        """Whether it waits for its limits, or for what is on its way."""
        ...

    def is_judged(self, model: int, /) -> bool:
        """Whether its samples still get verdicts in this run."""
        ...

    def room_pico(self) -> int:
        """What is left of the budget."""
        ...

    def cost_factors(self, model: int, /) -> CostFactors:
        """What its prompts and samples cost, over what was expected of them."""
        ...
