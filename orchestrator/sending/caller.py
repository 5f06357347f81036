"""Who sends: what its tickets request, and what happens to the replies. It is all that the one way to send knows of
samples, of scores, or of anything else that costs money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from orchestrator.booking.booking import Attempt, Booked
from orchestrator.ledger.writing.rows import Failure, Settlement
from orchestrator.scheduler.lane import Ticket
from providers.types import Reply


class PromptText(NamedTuple):
    """A prompt as the ledger keeps it, once: `body` is asked for only if the ledger lacks it."""

    sha: str
    body: Callable[[], str]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller keeps of a reply. `outcome` is what is booked."""

    outcome: Settlement
    arrived: int
    """Samples that need not be asked for again."""
    missing: tuple[int, ...] = ()
    """Indices to ask for again."""
    given_up: int = 0
    """Samples that the reply lacks and that are not asked for again."""
    max_n: int | None = None
    """The most that the server takes in one request, where this reply shows it."""
    also: Sequence[tuple[str, tuple[Any, ...]]] = ()
    """Statements that go into the same transaction."""


class Caller(Protocol):
    """Of one or more models."""

    def attempt(self, ticket: Ticket, *, lease_id: int | None = None) -> Attempt:
        """What booking needs to know of the request that the ticket admits. Its indices are what the ledger keeps."""
        ...

    def prompt(self, ticket: Ticket) -> PromptText: ...

    async def send(self, ticket: Ticket, leaves: Callable[[], None]) -> Reply:
        """One HTTP attempt, which calls `leaves` when its first byte is about to leave. Raises ProviderError;
        cancellation passes through."""
        ...

    def replied(self, ticket: Ticket, attempt: Attempt, booked: Booked, reply: Reply) -> Kept: ...

    def broke_off(self, ticket: Ticket, outcome: Settlement) -> Settlement:
        """What is booked of a failed attempt, which may hold samples that came all the same."""
        ...

    def gave_up(
        self, ticket: Ticket, attempt: Attempt, runs: Sequence[tuple[int, int]], error: str, message: str
    ) -> Sequence[Failure]:
        """These (first index, n) are not asked for again. Gives what the ledger keeps of that."""
        ...

    def more_input(self, ticket: Ticket, attempt: Attempt, extra_tokens: int) -> int | None:
        """A reply counted more input than its bound: from here on bounds hold as much. Gives the model's overhead in
        tokens, None if it was as large already."""
        ...

    def more_cost(self, ticket: Ticket, cost_ratio: int) -> None:
        """A reply cost more than its counts give: from here on bounds are multiplied by this, in millionths."""
        ...
