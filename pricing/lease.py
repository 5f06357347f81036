"""The reservation that a server's time is bought under. Sans-I/O.

Before a server works for us, its next `term` is reserved in the ledger; the reservation is renewed, durably, before
it ends. Without renewal nothing new goes out, and what runs has the rest of the term, then is cancelled: so the
server can never cost more than what is reserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pricing.server_time import ServerMeter

SECOND_NS = 10**9


class Lease:
    """A server's lease. How to use it, at time now:

        if lease.due(now):
            pico = lease.wanted_pico(now)      # reserve this much for the server in the ledger, durably; then
            lease.renewed(now, pico)           # …with the same now: until = now + term
        lease.open(now)                        # may a new request go out?
        lease.settled(share)                   # after meter.finish(): the reservation shrinks by what was settled
        lease.over(now)                        # cancel what runs, finish() each, then release()

    The reservation covers what running requests owe so far and the time up to `until_ns`.
    """

    def __init__(
        self, meter: ServerMeter, *, term_ns: int = 30 * SECOND_NS, margin_ns: int = 10 * SECOND_NS
    ) -> None:
        if not 0 <= margin_ns < term_ns:
            raise ValueError(f"margin_ns must be within 0 and {term_ns=}, got {margin_ns}")
        self._meter = meter
        self._term_ns = term_ns
        self._margin_ns = margin_ns
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
        return self._meter.owed_pico + self._meter.pico_for(self._term_ns)

    def renewed(self, now_ns: int, pico: int) -> None:
        """`pico`, as wanted_pico(now_ns) said, is reserved durably."""
        self.until_ns = now_ns + self._term_ns
        self.held_pico = pico

    def open(self, now_ns: int) -> bool:
        """Whether a new request may go out: what is leased has not ended."""
        return self.until_ns is not None and now_ns < self.until_ns

    def over(self, now_ns: int) -> bool:
        """Whether what runs must be cancelled: the lease ended and was not renewed."""
        return self.until_ns is not None and now_ns >= self.until_ns

    def settled(self, pico: int) -> None:
        """A request's share was settled in the ledger. Work that went on past the end, by the moments that
        cancelling takes, may have cost more than what is held."""
        self.held_pico = max(0, self.held_pico - pico)

    def release(self) -> int:
        """The server has no work of ours: gives the rest back, and says how much that was."""
        if self._meter.weight:
            raise ValueError("the server still works: finish() its requests first")
        rest, self.held_pico, self.until_ns = self.held_pico, 0, None
        return rest
