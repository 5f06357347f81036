"""One call that an agent makes: what it asks, of which model, and where its answer goes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from orchestrator.gateway.attempt import OpenAttempt
from orchestrator.gateway.body import CallBody
from orchestrator.gateway.model import GatewayModel
from orchestrator.gateway.replies.delivery import Delivery
from orchestrator.scheduler.call_retry import Tries


@dataclass(slots=True, kw_only=True)
class Asked:
    """`number`: among its attempt's calls in the ledger."""

    attempt: OpenAttempt
    body: CallBody
    model: GatewayModel
    delivery: Delivery
    headers: Mapping[str, str]
    number: int
    clock: Callable[[], float]
    tries: Tries = field(default_factory=Tries)

    @contextlib.contextmanager
    def waiting(self) -> Generator[None]:
        """The time inside it is none that the attempt works."""
        if self.delivery.waits_since is None:
            self.delivery.waits_since = self.clock()
        self.attempt.waits()
        try:
            yield
        finally:
            self.attempt.goes_on()
