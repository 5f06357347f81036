"""Requests that may still be refused, and which were, in the order in which they were sent. No I/O.

A vendor refuses at once and answers later: a request that was not refused for a moment has been taken, however long its
reply takes. How long that moment is, refusals show. And since refusals come before the replies to requests sent
earlier, their share is told only in the order of sending.
"""

from __future__ import annotations

from collections.abc import Iterator

FIRST_PATIENCE_S = 0.2
LEAST_PATIENCE_S, MOST_PATIENCE_S = 0.05, 2.0
SPARE, SPARE_FIRST = 2.0, 2.0
"""Of the slowest refusal lately: the next may take longer. More where few are known."""
FADES = 0.9
"""Of that, by refusal."""


class Unanswered:
    """By number, in the order in which they were sent."""

    def __init__(self) -> None:
        self._sent_at: dict[int, float] = {}
        self._known: dict[int, bool] = {}
        """Of those that follow an unanswered one: whether it was taken."""
        self.patience_s = FIRST_PATIENCE_S
        self._slowest_s = 0.0
        self._refused = 0

    def __len__(self) -> int:
        return len(self._sent_at) - len(self._known)

    def follows(self, number: int) -> bool:
        """Whether one that was sent later is unanswered."""
        for later in reversed(self._sent_at):
            if later <= number:
                return False
            if later not in self._known:
                return True
        return False

    def sent(self, number: int, now: float) -> None:
        self._sent_at[number] = now

    def ended(self, number: int) -> None:
        """Neither taken nor refused, as far as is known."""
        self._sent_at.pop(number, None)
        self._known.pop(number, None)

    def answered(self, number: int, *, taken: bool) -> bool:
        """Whether it was still waited for."""
        if number not in self._sent_at:
            return False
        self._known[number] = taken
        return True

    def any_settled(self, now: float) -> bool:
        """Whether `settled` gives any."""
        for number, sent_at in self._sent_at.items():  # the oldest
            return number in self._known or sent_at + self.patience_s <= now
        return False

    def settled(self, now: float) -> Iterator[tuple[int, bool]]:
        """Those with nothing unanswered before them, and whether they were taken; each once."""
        sent_at, known = self._sent_at, self._known
        while sent_at:
            number = next(iter(sent_at))
            taken = known.pop(number, None)
            if taken is None and sent_at[number] + self.patience_s > now:
                return
            del sent_at[number]
            yield number, taken is not False

    def next_at(self) -> float | None:
        """When the oldest of them will have been taken."""
        oldest = next(iter(self._sent_at.values()), None)
        return None if oldest is None else oldest + self.patience_s

    def refused_after(self, seconds: float) -> None:
        self._refused += 1
        self._slowest_s = max(seconds, self._slowest_s * FADES)
        spare = SPARE + SPARE_FIRST / self._refused
        self.patience_s = min(MOST_PATIENCE_S, max(LEAST_PATIENCE_S, spare * self._slowest_s))
