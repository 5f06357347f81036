"""Whether a vendor takes a model's requests at all, and whether what it bills holds any sample. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

TAKEN_AFTER_S = 5.0
"""A vendor refuses at once: what is in flight for so long was taken."""
IN_VAIN, OF_PROBLEMS = 10, 5
"""Replies without a sample, each billed, from so many problems, and none with one: the model or its address is
wrong."""
TRIES = 2
"""Replies of one problem, where so many came in vain from fewer: it may be their prompts that are blocked."""


class Acceptance:
    """Of one model, in this run."""

    def __init__(self) -> None:
        self.brought = False
        """A reply held a sample."""
        self.in_vain = 0
        """Replies before that one, which held none."""
        self._problems = Counter[int]()
        self._refused_since: float | None = None

    def taken(self) -> None:
        """The vendor took a request, whatever came of it."""
        self._refused_since = None

    def refused(self, now: float, in_flight: Iterable[float]) -> float:
        """A rate limit refused one, while others are in flight that were sent at those times. For how many seconds
        nothing but such refusals came."""
        if any(now - sent_at >= TAKEN_AFTER_S for sent_at in in_flight):
            self._refused_since = None
            return 0.0
        if self._refused_since is None:
            self._refused_since = now
        return now - self._refused_since

    def replied(self, problem: int, *, brought: bool) -> None:
        """A reply of that problem held a sample, or none."""
        self.taken()
        self.brought = self.brought or brought
        if not self.brought:
            self.in_vain += 1
            self._problems[problem] += 1

    @property
    def is_in_doubt(self) -> bool:
        """Replies came, none with a sample: few requests find out whether any does."""
        return self.in_vain > 0 and not self.brought

    @property
    def is_vain(self) -> bool:
        """Whether to buy nothing more."""
        return self.is_in_doubt and self.in_vain >= IN_VAIN and len(self._problems) >= OF_PROBLEMS

    def gives_up(self, problem: int) -> bool:
        """Whether that problem, of which no reply held a sample, is given up, though more attempts are allowed."""
        return self.is_in_doubt and self.in_vain >= IN_VAIN and self._problems[problem] >= TRIES
