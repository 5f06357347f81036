"""The servers of a model: how much is outstanding at each, and a circuit breaker that notices a dead one. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from providers.errors import Loading, Overloaded, ProviderError

OPENS_AFTER = 4
"""Failures in a row that open the breaker."""
FIRST_PROBE_S = 1.0
LONGEST_PROBE_S = 15.0
GIVES_UP_S = 15.0
"""A server that never answered in this run is given up this long after its first failure …"""
GIVES_UP_AFTER_SUCCESS_S = 120.0
"""… and one that did (it may be starting again), or that says that it has too much to do, this long."""


def patience(error: ProviderError | None, max_wait_s: float) -> float | None:
    """How long a server that failed so may go on failing, if not as long as any other."""
    if isinstance(error, Loading):
        return max_wait_s
    if isinstance(error, Overloaded) and error.status is not None:
        return max(GIVES_UP_S, min(max_wait_s, max(GIVES_UP_AFTER_SUCCESS_S, 2 * (error.retry_after_s or 0))))
    return None


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """One server. `sequences`: samples it takes in flight, None if only requests are limited."""

    server: str
    sequences: int | None = None
    requests: int = 0
    samples: int = 0
    failures: int = 0
    """In a row."""
    failing_since: float | None = None
    answered: bool = False
    said: str | None = None
    """What it answered last in place of a reply; None if its last failure was no answer at all."""
    patience_s: float | None = None
    """How long it may go on failing, if not as long as any other: see `patience`."""
    loads: bool = False
    """It failed last because it still loads its model."""
    opened: bool = False
    opened_at: float = 0.0
    probe_at: float = 0.0
    probing: bool = False
    unpaid: bool = False
    """Its next lease does not fit the budget: nothing goes there."""
    absent: str | None = None
    """Of a server that the run itself starts and stops: why it isn't there now."""
    coming: bool = True
    """Whether that will be there though nothing else ends: it doesn't wait for a slot or for money."""
    claim: Callable[[], bool] | None = None
    """Where its time is paid: takes or renews its lease; False, and `unpaid`, where the budget refuses."""

    def usable_at(self, now: float) -> float | None:
        """When a request may go there: now, later (a probe of a server that failed), or None: not until an event."""
        if self.unpaid or self.absent is not None:
            return None
        if not self.opened:
            return now
        if self.probing:
            return None
        return max(now, self.probe_at)

    @property
    def out_of_reach(self) -> bool:
        """Whether only the end of something else lets requests go there."""
        return self.unpaid or (self.absent is not None and not self.coming)

    def starts(self, server: str) -> None:
        """A new process serves from here on, at this address: what the former one did says nothing of it."""
        self.server, self.absent, self.said, self.patience_s = server, None, None, None
        self.failures, self.failing_since, self.answered = 0, None, False
        self.opened = self.probing = self.unpaid = False
        self.ceiling = None

    ceiling: int | None = None
    """Samples beyond which more only waited in the server's queue, as it told."""

    def takes(self, n: int) -> bool:
        """Whether `n` more samples fit. A request larger than the server goes to an empty one."""
        most = self.sequences
        if self.ceiling is not None and (most is None or self.ceiling < most):
            most = self.ceiling
        return most is None or self.samples + n <= most or self.samples == 0

    def learn_queue(self, *, waiting: int) -> None:
        """How many samples the server holds in its queue: beyond what runs, more would only wait there. Without a
        queue the ceiling rises again."""
        if waiting > 0:
            self.ceiling = max(1, self.samples - waiting)
        elif self.ceiling is not None:
            self.ceiling += self.ceiling // 4 + 1
            if self.sequences is not None and self.ceiling >= self.sequences:
                self.ceiling = None

    def dead(self, now: float) -> bool:
        """Failing for so long that waiting on makes no sense."""
        if not self.opened or self.failing_since is None or self.probing:
            return False
        patience = GIVES_UP_AFTER_SUCCESS_S if self.answered else GIVES_UP_S
        if self.patience_s is not None:
            patience = self.patience_s
        return now - self.failing_since >= patience

    def sent(self, n: int) -> None:
        self.requests += 1
        self.samples += n
        if self.opened:
            self.probing = True

    def ended(
        self,
        n: int,
        now: float,
        *,
        alive: bool | None,
        said: str | None = None,
        patience_s: float | None = None,
        loads: bool = False,
        sent_at: float | None = None,
        wait_s: float | None = None,
    ) -> None:
        """`said`, `patience_s` and `loads` as the fields, for a failure, and `wait_s` as the server told. `alive`: True
        it answered, False it failed as a dead server would, None it says nothing of its health."""
        self.requests -= 1
        self.samples -= n
        if alive is None:
            self.probing = False
            return
        if alive:
            self.answered = True
            if self.opened and sent_at is not None and sent_at < self.opened_at:
                self.failing_since = now
                self.probing = (
                    self.probing and self.requests > 0
                )  # by a clock that jumped it may be the probe's
                return  # it took this one before: that says nothing of the next
            self.failures, self.failing_since = 0, None
            self.opened = self.probing = False
            return
        self.said, self.patience_s, self.loads = said, patience_s, loads
        if self.opened and not self.probing:
            return  # it was out when the breaker opened: nothing new
        self.failures += 1
        self.failing_since = now if self.failing_since is None else self.failing_since
        if self.failures >= OPENS_AFTER or self.opened or not self.answered:
            if not self.opened:
                self.opened, self.opened_at = True, now
            self.probing = False
            doublings = min(10, max(0, self.failures - (OPENS_AFTER if self.answered else 1)))
            first_s = FIRST_PROBE_S * 2**doublings if wait_s is None else max(FIRST_PROBE_S, wait_s)
            self.probe_at = now + min(LONGEST_PROBE_S, first_s)


def why_dead(endpoints: Sequence[Endpoint]) -> str:
    """What those that all fail last said; that nobody answers if none said anything."""
    said = next((e.said for e in endpoints if e.said is not None), None)
    return said or f"no answer from {', '.join(e.server for e in endpoints)}"


def least_loaded(
    endpoints: list[Endpoint], n: int, now: float, *, home: Endpoint | None = None
) -> Endpoint | None:
    """The usable server with the least outstanding that takes `n` more samples; or `home`, which has the prompt in
    its cache, if it has at most those `n` samples more than the least."""
    best = None
    for endpoint in endpoints:
        if endpoint.usable_at(now) != now or not endpoint.takes(n):
            continue
        if best is None or (endpoint.samples, endpoint.requests) < (best.samples, best.requests):
            best = endpoint
    if best is None or home is None or home.usable_at(now) != now or not home.takes(n):
        return best
    return home if home.samples - best.samples <= n else best
