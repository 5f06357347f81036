"""The reservation that a server's time is bought under. Sans-I/O.

Before a server works for us, its next `term` is reserved in the ledger; the reservation is renewed, durably, before
it ends. Without renewal nothing new goes out, and what runs has the rest of the term, then is cancelled: so the
server can never cost more than what is reserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pricing.server_time import ServerMeter

SECOND_NS = 10**9


class Lease:
    """A server's lease for one group of its requests. How to use it, at time now:

        if lease.due(now):
            pico = lease.wanted_pico(now)      # or less, but least_pico(now): as much as the budget has; reserve it
            lease.renewed(now, pico)           # for the server in the ledger, durably; then, with the same now
        lease.open(now)                        # may a new request go out?
        lease.settled(share)                   # after meter.finish(): the reservation shrinks by what was settled
        lease.over(now)                        # cancel what runs, finish() each, then release()

    The reservation covers what the group's running requests owe so far and the time up to `until_ns`; after that they
    owe nothing, whenever they are seen to end.
    """

    def __init__(
        self,
        meter: ServerMeter,
        *,
        group: Hashable = None,
        term_ns: int = 30 * SECOND_NS,
        margin_ns: int = 10 * SECOND_NS,
        shortest_ns: int = 2 * SECOND_NS,
    ) -> None:
        if not 0 <= margin_ns < term_ns or not 0 < shortest_ns <= term_ns:
            raise ValueError(
                f"margin_ns and shortest_ns must be within {term_ns=}: {margin_ns}, {shortest_ns}"
            )
        self._meter = meter
        self._group = group
        self._term_ns = term_ns
        self._most_margin_ns = self._margin_ns = margin_ns
        self._shortest_ns = shortest_ns
        self.until_ns: int | None = None
        """When what is reserved ends; None: nothing is leased."""
        self.held_pico = 0
        """What the ledger must hold as reserved for this server."""

    @property
    def due_ns(self) -> int | None:
        """When renewal is due while the server works; None: nothing is leased."""
        return None if self.until_ns is None else self.until_ns - self._margin_ns

    def due(self, now_ns: int) -> bool:
        """Whether to reserve anew before work goes on."""
        due_ns = self.due_ns
        return due_ns is None or now_ns >= due_ns

    def wanted_pico(self, now_ns: int) -> int:
        """The whole reservation for a term from now: what is owed so far and the term. It replaces the old one."""
        self._meter.tell(now_ns)
        return self._meter.owed_by(self._group) + self._meter.pico_for(self._term_ns)

    def least_pico(self, now_ns: int) -> int:
        """The same for the shortest term that is worth a lease, near the end of the money."""
        self._meter.tell(now_ns)
        return self._meter.owed_by(self._group) + self._meter.pico_for(self._shortest_ns)

    def renewed(self, now_ns: int, pico: int) -> None:
        """`pico`, from least_pico(now_ns) to wanted_pico(now_ns), is reserved durably: what it pays for is leased."""
        term_ns = self._meter.ns_for(pico - self._meter.owed_by(self._group))
        term_ns = self._term_ns if term_ns is None else min(self._term_ns, term_ns)
        self.until_ns = now_ns + term_ns
        self._margin_ns = min(self._most_margin_ns, term_ns // 3)
        self.held_pico = pico
        self._meter.limit(self._group, self.until_ns, now_ns)

    def open(self, now_ns: int) -> bool:
        """Whether a new request may go out: what is leased has not ended."""
        return self.until_ns is not None and now_ns < self.until_ns

    def over(self, now_ns: int) -> bool:
        """Whether what runs must be cancelled: the lease ended and was not renewed."""
        return self.until_ns is not None and now_ns >= self.until_ns

    def settled(self, pico: int) -> None:
        """A request's share was settled in the ledger."""
        self.held_pico = max(0, self.held_pico - pico)

    def release(self) -> int:
        """The server has no work of ours: gives the rest back, and says how much that was."""
        if self._meter.weight(self._group):
            raise ValueError("the server still works: finish() its requests first")
        rest, self.held_pico, self.until_ns = self.held_pico, 0, None
        return rest
