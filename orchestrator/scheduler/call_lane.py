"""When an agent's call may leave: the rate limits and servers of the model that it asks, apart from tickets, which are
whole attempts. No I/O."""

from __future__ import annotations

from orchestrator.scheduler.endpoints import Endpoint, patience, why_dead
from orchestrator.scheduler.lane import MOST_UNPROVEN
from orchestrator.scheduler.limits.rates import Estimate, RateLimit
from providers.errors import Lost, NotSent, Overloaded, ProviderError, RateLimited


class CallLane:
    """One model's. `proves_bound`: whether few calls may be in flight until a reply has shown that its bound holds;
    `counts_max_tokens`: whether its limits count what was asked for."""

    def __init__(
        self,
        rate: RateLimit,
        endpoints: list[Endpoint],
        *,
        proves_bound: bool,
        bound_shown: bool,
        counts_max_tokens: bool,
        max_wait_s: float,
    ) -> None:
        self.rate = rate
        self.endpoints = endpoints
        self.proves_bound = proves_bound
        self.bound_shown = bound_shown
        self.max_wait_s = max_wait_s
        self.in_flight = 0
        self._counts_max_tokens = counts_max_tokens

    def ready_at(self, endpoint: Endpoint, estimate: Estimate, now: float) -> float | None:
        """When the call may go to that server, `now` if it may; None: not until something ends."""
        if self.rate.full and self.rate.in_flight:
            return None
        if self.proves_bound and not self.bound_shown and self.in_flight >= MOST_UNPROVEN:
            return None
        usable_at = endpoint.usable_at(now)
        if usable_at is None or (usable_at == now and not endpoint.takes(1)):
            return None
        return max(usable_at, self.rate.ready_at(estimate, now))

    def why_dead(self, endpoint: Endpoint, now: float) -> str | None:
        """Why waiting for that server makes no sense any more."""
        return why_dead([endpoint]) if endpoint.dead(now) else None

    def call_sent(self, number: int, endpoint: Endpoint, estimate: Estimate, now: float) -> None:
        self.rate.debit(number, estimate, now)
        endpoint.sent(1)
        self.in_flight += 1

    def call_ended(
        self,
        number: int,
        endpoint: Endpoint,
        estimate: Estimate,
        *,
        sent_at: float,
        now: float,
        used: Estimate | None = None,
        error: ProviderError | None = None,
        left: bool = True,
    ) -> None:
        """`left`: whether it left at all."""
        self.in_flight -= 1
        alive = not isinstance(error, (NotSent, Lost, Overloaded)) if left or error is not None else None
        if isinstance(error, RateLimited):
            self.rate.refused(number, sent_at, now, wait_s=error.retry_after_s)
        else:
            self.rate.ended(number, now, taken=bool(alive))
        if used is not None and not self._counts_max_tokens:
            self.rate.used(estimate, used)
        endpoint.ended(
            1,
            now,
            alive=alive,
            said=error.message if error is not None and error.status is not None else None,
            patience_s=patience(error, self.max_wait_s),
            sent_at=sent_at,
            wait_s=None if error is None else error.retry_after_s,
        )
