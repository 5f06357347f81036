"""The money: what is held, what may still be reserved, and each model's share if money is short. No I/O.

held(model) = settled + presumed + reserved, what outlives the run included. Reserving is one synchronous step, so no
two requests can pass the same check. The invariant at every instant: the sum of held over all counted models never
exceeds the total.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

UNBOUNDED = 1 << 62


@dataclass(slots=True, kw_only=True)
class Funds:
    """One model's money, in pico-dollars."""

    weight: int = 1
    """Its expected cost over the plan, where money is short: its share's size relative to the others'."""
    cap: int | None = None
    """Its own budget_usd, if stated."""
    counted: bool = True
    """False for replayed models: their dollars are a recording's."""
    settled: int = 0
    presumed: int = 0
    reserved: int = 0
    left: int = 0
    """Reserved too, by batches that go on at the vendor after this run: it does not come back within it."""
    promised: int = 0
    """Set aside for calls of this model that are sure to follow, such as a judge's of a sample in flight."""
    in_flight: int = 0
    """Requests that hold a reservation."""
    finished: bool = False
    """Asks for nothing more; what it doesn't hold passes on."""
    stuck: bool = False
    """Its next request doesn't fit its share and nothing of it is in flight; what it doesn't hold may be used by
    others until that changes."""

    @property
    def held(self) -> int:
        return self.settled + self.presumed + self.reserved + self.left + self.promised


class Budget:
    """`shared`: money is short (the plan's worst case exceeds the total), so each model keeps to its share."""

    def __init__(self, total: int, funds: dict[str, Funds], *, others_held: int = 0, shared: bool) -> None:
        self.total = total
        self.funds = funds
        self.others_held = others_held
        self.shared = shared

    @property
    def counted(self) -> Iterable[Funds]:
        return (f for f in self.funds.values() if f.counted)

    @property
    def held(self) -> int:
        """Everything that counts against the budget now."""
        held = self.others_held
        for f in self.funds.values():
            if f.counted:
                held += f.held
        return held

    @property
    def reserved(self) -> int:
        return sum(f.reserved for f in self.counted)

    @property
    def exceeded(self) -> bool:
        return self.held > self.total

    def room(self, alias: str) -> int:
        """How much `alias` may reserve now; may be negative."""
        mine = self.funds[alias]
        held = mine.held
        others = self.held - held if mine.counted else 0
        room = self._room(alias, others_held=others, held=held)
        return _with_promise(mine, room, held) if mine.promised else room

    def room_later(self, alias: str) -> int:
        """The room there could be if everything in flight came back free."""
        mine = self.funds[alias]
        others = self.held - self.reserved - (mine.held - mine.reserved) if mine.counted else 0
        held = mine.held - mine.reserved
        return _with_promise(mine, self._room(alias, others_held=others, held=held), held)

    def cap_room(self, alias: str, *, later: bool = False) -> int:
        """What the model's own cap leaves; `later`: if nothing in flight, or sure to follow, cost anything."""
        mine = self.funds[alias]
        if mine.cap is None:
            return UNBOUNDED
        return mine.cap - mine.held + (mine.reserved + mine.promised if later else 0)

    def lease_room(self, alias: str) -> int:
        """How much a server of `alias` may lease now. A lease is mostly given back, so it may reach over the model's
        share, though not over its own cap, while what is spent for good is within it."""
        mine = self.funds[alias]
        if self.shared and mine.counted and mine.settled + mine.presumed >= self.share(alias):
            return 0
        others = self.held - mine.held if mine.counted else 0
        return self._hard_room(mine, others_held=others, held=mine.held)

    def _room(self, alias: str, *, others_held: int, held: int) -> int:
        mine = self.funds[alias]
        room = self._hard_room(mine, others_held=others_held, held=held)
        if self.shared and mine.counted:
            room = min(room, self.share(alias) - held)
        return room

    def _hard_room(self, mine: Funds, *, others_held: int, held: int) -> int:
        """By the budget and the model's own cap, whatever its share."""
        room = self.total - others_held - held if mine.counted else UNBOUNDED
        return room if mine.cap is None else min(room, mine.cap - held)

    def share(self, alias: str) -> int:
        """The most that `alias` may hold, by water-filling: the money that finished and stuck models don't hold is
        dealt to the others by weight, and what a model's own cap leaves over is dealt again."""
        takers = {
            a: f for a, f in self.funds.items() if f.counted and (a == alias or not (f.finished or f.stuck))
        }
        pool = self.total - self.others_held
        pool -= sum(f.held for a, f in self.funds.items() if f.counted and a not in takers)
        while True:
            weight = sum(f.weight for f in takers.values())
            over = {
                a: f.cap for a, f in takers.items() if f.cap is not None and f.cap * weight < pool * f.weight
            }
            if alias in over:
                return over[alias]
            if not over:
                return pool * takers[alias].weight // weight if weight else pool
            for a, cap in over.items():
                pool -= cap
                del takers[a]

    def is_capped(self, alias: str) -> bool:
        """Whether its own cap leaves it less room than the budget does."""
        return self.cap_room(alias) < self.total - self.held

    def by_own_cap(self, aliases: Iterable[str]) -> str:
        """What to say if it is these models' own caps that leave no room, not the budget; else ""."""
        own = [alias for alias in sorted(aliases) if self.is_capped(alias)]
        return f"; its own limit is budget_usd under [models.{'], [models.'.join(own)}]" if own else ""

    def reserve(self, alias: str, amount: int) -> bool:
        """Holds `amount` if there is room; changes nothing otherwise."""
        # What is paid by its server's lease holds nothing, and a lease may leave the model's share no room.
        if amount and amount > self.room(alias):
            return False
        mine = self.funds[alias]
        mine.promised -= min(amount, mine.promised)
        mine.reserved += amount
        mine.in_flight += 1
        mine.stuck = False
        return True

    def end(self, alias: str, reserved: int, *, settled: int = 0, presumed: int = 0) -> None:
        """A reservation ends; what is neither settled nor presumed is free again. Both may exceed `reserved` if a
        vendor billed above its bound: it is booked in full."""
        mine = self.funds[alias]
        if reserved > mine.reserved or mine.in_flight == 0:
            raise ValueError(
                f"{alias}: ends {reserved} of {mine.reserved} reserved, {mine.in_flight} in flight"
            )
        mine.reserved -= reserved
        mine.in_flight -= 1
        mine.settled += settled
        mine.presumed += presumed
        for f in self.funds.values():
            f.stuck = False

    def promise(self, alias: str, change: int) -> None:
        """Sets so much more aside for what is sure to follow, or less."""
        mine = self.funds[alias]
        mine.promised = max(0, mine.promised + change)

    def leave(self, alias: str, reserved: int) -> None:
        """A reservation outlives this run."""
        mine = self.funds[alias]
        mine.reserved -= reserved
        mine.left += reserved
        mine.in_flight -= 1

    def lease(self, alias: str, change: int) -> bool:
        """A server's lease holds `change` more, if there is room; a negative change always goes."""
        if change > self.lease_room(alias) and change > 0:
            return False
        self.funds[alias].reserved += change
        return True

    def move_in(self, alias: str, change: int) -> None:
        """A lease holds so much more, or less, where `lease_room` has been asked, or where it comes from another lease
        of the same server."""
        self.funds[alias].reserved += change

    def pay(self, alias: str, amount: int, *, leased: int, presumed: int = 0) -> None:
        """A share of a server's time, or a call of an agent's attempt, settles, or is presumed; `leased` of it come out
        of what the lease, or the attempt, holds."""
        self.funds[alias].reserved -= leased
        self.funds[alias].settled += amount
        self.funds[alias].presumed += presumed


def _with_promise(mine: Funds, room: int, held: int) -> int:
    """What was set aside for a model is its own, however little is left; never more than its cap."""
    if not mine.promised:
        return room
    room = max(room, 0) + mine.promised
    return room if mine.cap is None else min(room, mine.cap - held + mine.promised)
