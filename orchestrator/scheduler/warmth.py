"""Prompts worth a vendor's cache: the first sample of a block goes ahead and writes it, the others follow together and
read it. No I/O.

Anthropic bills a write to its cache at 1.25 times the input and a read at a tenth, and keeps it for five minutes. So
from two samples on a long prompt is cheaper through the cache, if those samples come close together: a problem's
samples go out in blocks, and while the first of a block is on its way the others wait.
"""

from __future__ import annotations

from array import array

BLOCK = 16
"""Samples of a problem in a row; breadth first over blocks. The write is a twelfth of what the reads save by then."""
COLD, WARMING, WARM = range(3)


class Warmth:
    """`worth[ordinal]`: whether that problem's prompt is long enough to be cached."""

    def __init__(self, worth: bytes) -> None:
        self._worth = worth
        self._state = bytearray(len(worth))
        self._end = array("q", bytes(8 * len(worth)))
        """Sample index at which a problem's block ends."""

    def cached(self, problem: int, asked: int, target: int) -> bool:
        """Whether the next sample, of `target` wanted now, is to use the cache."""
        return bool(self._worth[problem]) and (self._state[problem] != COLD or target - asked > 1)

    def block(self, asked: int, target: int) -> int:
        """Where a block that begins at `asked` ends."""
        return min(target, asked + BLOCK)

    def took(self, problem: int, asked: int, end: int) -> None:
        """A sample that uses the cache goes out; `asked` counts it. `end`: of the block, if it begins one."""
        if self._state[problem] == COLD:
            self._state[problem], self._end[problem] = WARMING, end
        elif asked >= self._end[problem]:
            self._state[problem] = COLD

    def holds(self, problem: int) -> bool:
        """The others wait for the first of their block."""
        return self._state[problem] == WARMING

    def hot(self, problem: int) -> bool:
        """They go before all that is cold."""
        return self._state[problem] == WARM

    def landed(self, problem: int) -> bool:
        """A sample of the problem came or was given up. Whether the others may go now."""
        if self._state[problem] != WARMING:
            return False
        self._state[problem] = WARM
        return True
