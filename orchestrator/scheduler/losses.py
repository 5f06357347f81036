"""Requests that end without a reply, and may have been billed: many of them slow a model down. No I/O."""

from __future__ import annotations

OVER = 50
"""Requests that are looked at together."""
TOO_MANY = 10
"""Lost of them: a server that loses so many has too much to do, and each costs its worst case."""
FEW = 2
"""No more lost than this: twice as many may be in flight again."""


class Losses:
    """`most`: so many requests may be in flight; None: as many as other limits allow."""

    def __init__(self) -> None:
        self.most: int | None = None
        self.lost = 0
        """Of those that slowed it down."""
        self._before = 0
        self._ended = self._lost_now = 0

    def ended(self, in_flight: int, *, lost: bool) -> None:
        """One more request ended, of so many that were in flight."""
        self._before = max(self._before, in_flight)
        self._ended += 1
        self._lost_now += lost
        if self._lost_now > TOO_MANY:
            self.lost = self._lost_now
            self.most = max(1, (in_flight if self.most is None else self.most) // 2)
        elif self._ended < OVER:
            return
        elif self.most is not None and self._lost_now <= FEW:
            self.most = None if 2 * self.most >= self._before else 2 * self.most
        self._ended = self._lost_now = 0
