"""What is known of one call of an agent: what is asked, how it is on its way, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from orchestrator.booking.booking import Attempt, Booked
from orchestrator.booking.cost_ratio import ONE
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.scheduler.attempt_hold import AttemptHold
from orchestrator.scheduler.limits.rates import Estimate
from orchestrator.sending.caller import PromptText
from pricing.types import Price
from providers.forward import Forwarded, WireName
from providers.transport.awake import Limit


class AgentCall(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to get a call answered. `alias`: of the attempt; `priced_as`: of the model that answers."""

    alias: str
    priced_as: str
    endpoint: int
    hold: AttemptHold
    agent_attempt_id: int
    problem_id: int
    sample_index: int
    call: int
    attempt: int
    """1, or more for a retry."""
    prompt: PromptText
    wire: WireName
    body: bytes
    headers: Mapping[str, str]
    n: int
    max_tokens: int
    input_bound: int
    cap_pico: int | None = None
    """Of its attempt, where the server's time is paid: what a call costs then shows only while it works."""
    worst_pico: int
    worst_now: Callable[[], int]
    """The same by what is known when it leaves."""
    provider: str
    price: Price
    cost_basis: str
    cost_ratio: int = ONE
    timeout_s: float
    estimate: Estimate
    passes: Callable[[bytes, str], None]
    exchange: tuple[str, tuple[Any, ...]]
    """The statement that writes down what it says; its first value is to be the request's id."""
    answered: Callable[[int, Forwarded], Sequence[tuple[str, tuple[Any, ...]]]]
    """The statements that write down what the agent is answered."""
    waiting: Callable[[], AbstractContextManager[None]]
    """Around the time that it waits here, which is not the agent's."""
    worked_s: Callable[[], float]


class CallEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended. `withheld`: why it never left; `stopped`: why its model can't go on."""

    request_id: int
    outcome: Settlement
    forwarded: Forwarded | None = None
    booked: Booked | None = None
    withheld: str | None = None
    stopped: str | None = None
    is_cut: bool = False
    """It was cancelled since its attempt's cap is used up, and what it used of its server is paid."""


class Flight:
    """A call on its way."""

    def __init__(self, call: AgentCall, attempt: Attempt, number: int) -> None:
        self.call = call
        self.attempt = attempt
        self.number = number
        self.reserved = False
        self.sent_at: float | None = None
        """When its lane let it go."""
        self.left = False
        """Its first byte has left, so that it may be billed."""
        self.lane_ended = False
        self.booked = False
        self.withheld: str | None = None
        self.stopped: str | None = None
        self.is_capped = False
        """It was ended since its attempt's cap is used up."""
        self.ends = Limit(lambda: None)

    def limit(self, left_s: Callable[[], float | None]) -> Limit:
        """What ends it when that is over."""
        self.ends = Limit(left_s)
        return self.ends
