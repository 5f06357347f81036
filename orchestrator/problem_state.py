"""What is known of one problem of one model: the ledger reads it, the scheduler goes on from it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ProblemState:
    """What the ledger has of one problem of one model."""

    done: int = 0
    next_index: int = 0
    """One above the highest index recorded or on its way."""
    holes: list[int] = field(default_factory=list[int])
    """Indices below next_index that are lacking."""
    solved: bool = False
    unverified: int = 0
    passed: int = 0
    measured: int = 0
    """Samples that no outcome steered, of a model that a policy steers; else not counted."""
    measured_passed: int = 0
    costed: int = 0
    """Samples whose cost is known, of a model that a policy steers which learns what samples cost; else not
    counted …"""
    requests: int = 0
    """… how many requests brought them …"""
    cost_pico: int = 0
    """… and what they cost."""
    asked: set[int] = field(default_factory=set[int])
    """Indices that an earlier run asked for and that are on their way: in a batch that goes on at its vendor."""

    @property
    def recorded(self) -> int:
        """Samples there, whatever their indices."""
        return self.next_index - len(self.holes) - len(self.asked)

    def is_asked(self, indices: tuple[int, ...]) -> None:
        """These are on their way: they are not lacking."""
        self.asked.update(indices)
        beyond = range(self.next_index, max(self.next_index, max(indices) + 1))
        self.next_index = beyond.stop
        self.holes = [hole for hole in (*self.holes, *beyond) if hole not in self.asked]
