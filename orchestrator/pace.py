"""How fast money goes and when something last came, from figures that are looked at now and then."""

from __future__ import annotations

from collections import deque

WINDOW_S = 30.0


class Pace:
    """Times are seconds of one clock."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()
        self._replies: int | None = None
        self._replied_at: float | None = None

    def seen(self, now: float, *, pico: int, replies: int) -> None:
        """What is spent by now, and a number that grows with every reply."""
        self._spent.append((now, pico))
        while now - self._spent[0][0] > WINDOW_S:
            self._spent.popleft()
        if self._replies is not None and replies != self._replies:
            self._replied_at = now
        self._replies = replies

    @property
    def pico_per_s(self) -> float:
        """Over the last half minute."""
        if len(self._spent) < 2:
            return 0.0
        (since, before), (now, pico) = self._spent[0], self._spent[-1]
        return max(0.0, (pico - before) / (now - since)) if now > since else 0.0

    def since_reply_s(self, now: float) -> float | None:
        """None before the first that was seen to come."""
        return None if self._replied_at is None else now - self._replied_at
