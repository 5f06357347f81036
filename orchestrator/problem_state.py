"""What is known of one problem of one model: the ledger reads it, the scheduler goes on from it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ProblemState:
    """What the ledger has of one problem of one model."""

    done: int = 0
    next_index: int = 0
    """One above the highest recorded index."""
    holes: list[int] = field(default_factory=list[int])
    """Indices below next_index that are lacking."""
    solved: bool = False
    unverified: int = 0
