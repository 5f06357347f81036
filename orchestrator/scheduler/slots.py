"""Which servers of one's own may start: a queue by GPU slots, in the sweep file's order. No I/O."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


class Slots:
    """The GPUs of a node by name; where there are none, one slot without a GPU."""

    def __init__(self, gpus: Sequence[str]) -> None:
        self.gpus = tuple(gpus)
        self._free: list[int] = list(range(max(1, len(gpus))))
        self._held: dict[Hashable, list[int]] = {}

    @property
    def count(self) -> int:
        return max(1, len(self.gpus))

    def fits(self, needed: int) -> bool:
        """Whether so many are free now."""
        return needed <= len(self._free)

    def take(self, holder: Hashable, needed: int) -> tuple[str, ...]:
        """The lowest free ones, as names of GPUs."""
        if not self.fits(needed):
            raise ValueError(f"{holder!r} needs slots: {needed}, free: {len(self._free)}")
        taken, self._free = self._free[:needed], self._free[needed:]
        self._held[holder] = taken
        return tuple(self.gpus[slot] for slot in taken) if self.gpus else ()

    def give_back(self, holder: Hashable) -> None:
        self._free = sorted([*self._free, *self._held.pop(holder)])

    def starting(self, wanted: Iterable[tuple[T, int]]) -> list[T]:
        """Those of `wanted`, with the slots that each takes, that may start now side by side: in order, and past one
        that doesn't fit the next that does."""
        room, found = len(self._free), list[T]()
        for one, needed in wanted:
            if needed <= room:
                room -= needed
                found.append(one)
        return found
