"""One agent's attempt while its program works: its money, its clocks, its calls, and why it should end."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe

from msgspec.structs import replace

from orchestrator.gateway.bound import Settled
from orchestrator.gateway.ending import EndedBy
from orchestrator.gateway.model import GatewayModel
from orchestrator.gateway.replay import Replay
from orchestrator.gateway.replies.delivery import Delivery
from orchestrator.ledger.writing.agent_attempts import OpenAttemptRow, Recorded
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.scheduler.attempt_hold import AttemptHold
from orchestrator.scheduler.lane import Ticket

LEAVES_WITHIN_S = 15.0
"""After the first refusal for its cap an agent has so long to leave by itself."""
LOOKS_EVERY_S = 0.5
KEPT_DELIVERIES = 16
"""Answers that a client may ask for again; those that nobody has had are all kept."""
KEPT_PREFIXES = 8


class OpenAttempt:
    """`earlier_s`: what it worked in earlier runs, `earlier_calls`: its calls in them; `why_stopped` tells why its
    model can't go on."""

    def __init__(
        self,
        attempt_id: int,
        ticket: Ticket,
        problem_id: int,
        model: GatewayModel,
        hold: AttemptHold,
        *,
        clock: Callable[[], float],
        why_stopped: Callable[[], str | None],
        recorded: list[Recorded],
        earlier_s: float = 0.0,
        earlier_calls: int = 0,
        is_resumed: bool = False,
    ) -> None:
        assert model.agent is not None
        self.attempt_id = attempt_id
        self.ticket = ticket
        self.problem_id = problem_id
        self.model = model
        self.agent = model.agent
        self.hold = hold
        self.token = f"mf-{token_urlsafe(32)}"
        self.is_resumed = is_resumed
        self.replay = Replay(recorded)
        self.calls = 0
        """That the agent made in this run, replayed ones included."""
        self.requests = earlier_calls
        """In the ledger."""
        self.replayed = 0
        self.diverged_at: int | None = None
        self.in_flight = 0
        """Calls that are not answered yet."""
        self.deliveries: deque[Delivery] = deque()
        self._reached: set[int | None] = set()
        self.prefixes: deque[Settled] = deque(maxlen=KEPT_PREFIXES)
        self.brought: dict[str, int] = {}
        """Output tokens by the id of an item that the vendor keeps."""
        self.calls_known: dict[int, Settlement] = {}
        """What each answered call cost, by request."""
        self.cut: dict[int, Settlement] = {}
        """What each call cost that was cancelled at its cap, since a server's time is paid with no reply too."""
        self.last_body: tuple[int, bytes] | None = None
        """(request, body), which the next body may begin with."""
        self.last_tool_call: str | None = None
        self.is_unpaid = False
        """The run's budget refused its server's time, and nothing of it was sent since."""
        self.refused_at: float | None = None
        """When it was first refused for its cap."""
        self.refusal: str | None = None
        """What it was told when the gateway last refused a call."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._why_stopped = why_stopped
        self._began = clock()
        self._earlier_s = earlier_s
        self._waits = 0
        self._wait_began = 0.0
        self._waited_s = 0.0
        self._asked_to_end: EndedBy | None = None
        self._told = asyncio.Event()
        self.changed = asyncio.Event()
        """Set, and made anew, whenever one of its calls ends."""

    @property
    def token_sha(self) -> str:
        return sha256(self.token.encode()).hexdigest()

    @property
    def alias(self) -> str:
        return self.model.alias

    @property
    def model_name(self) -> str:
        """By which its program asks for the model."""
        return self.model.name

    @property
    def sample_index(self) -> int:
        return self.ticket.item.indices[0]

    @property
    def cap_pico(self) -> int | None:
        return self.agent.attempt_pico

    @property
    def settled_pico(self) -> int:
        return self.hold.settled

    @property
    def presumed_pico(self) -> int:
        return self.hold.presumed

    @property
    def is_capped(self) -> bool:
        """Nothing more may be bought."""
        cap = self.agent.attempt_pico
        return cap is not None and self.hold.settled + self.hold.presumed >= cap

    @property
    def has_no_calls_left(self) -> bool:
        most = self.agent.attempt_calls
        return most is not None and self.calls >= most

    # -- time -------------------------------------------------------------------------------------------------------

    @property
    def worked_s(self) -> float:
        """Its own time and its vendor's, over all runs: the gateway's waits say nothing of it."""
        now = self._clock()
        waited_s = self._waited_s + (now - self._wait_began if self._waits else 0.0)
        return self._earlier_s + max(0.0, now - self._began - waited_s)

    @property
    def wall_s(self) -> float:
        return self._clock() - self._began

    def waits(self) -> None:
        """One of its calls begins to wait for the vendor's limits, its lane or money."""
        if not self._waits:
            self._wait_began = self._clock()
        self._waits += 1

    def goes_on(self) -> None:
        self._waits -= 1
        if not self._waits:
            self._waited_s += self._clock() - self._wait_began

    # -- its end ----------------------------------------------------------------------------------------------------

    def refuse_for_cap(self) -> None:
        if self.refused_at is None:
            self.refused_at = self._clock()

    def end(self, by: EndedBy) -> None:
        """Asks for its end; the first reason holds."""
        self._asked_to_end = self._asked_to_end or by
        self._told.set()

    @property
    def is_to_end(self) -> bool:
        return self._asked_to_end is not None

    async def pause(self, seconds: float) -> None:
        """Waits so long, or until it is to end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), seconds)

    async def over(self) -> EndedBy:
        """Returns once its program is to be ended, with the reason."""
        while (why := self._why_over()) is None:
            try:
                await asyncio.wait_for(self._told.wait(), LOOKS_EVERY_S)
            except TimeoutError:
                continue
        return why

    def _why_over(self) -> EndedBy | None:
        if self._asked_to_end is not None:
            return self._asked_to_end
        if self._why_stopped() is not None:
            return EndedBy.STOPPED
        if self.worked_s >= self.agent.attempt_s:
            return EndedBy.TIME
        if self.wall_s >= self.agent.wall_s:
            return EndedBy.WALL
        refused_s = 0.0 if self.refused_at is None else self._clock() - self.refused_at
        return EndedBy.CAP if refused_s >= LEAVES_WITHIN_S and not self.in_flight else None

    def row(self) -> OpenAttemptRow:
        """As the run that goes on with it will find it."""
        return OpenAttemptRow(
            attempt_id=self.attempt_id,
            problem_id=self.problem_id,
            sample_index=self.sample_index,
            settled_pico=self.hold.settled,
            presumed_pico=self.hold.presumed,
            worked_s=self.worked_s,
            calls=self.requests,
            replayed=self.replayed,
        )

    # -- its answers ------------------------------------------------------------------------------------------------

    def keep(self, delivery: Delivery) -> None:
        """A client may ask for it again."""
        self.deliveries.append(delivery)
        had = [one for one in self.deliveries if one.ended and (one.delivered or not one.is_reply)]
        for one in had[: max(0, len(had) - KEPT_DELIVERIES)]:
            self.deliveries.remove(one)
            if one.delivered:
                self._reached.add(one.request_id)

    def delivered_now(self) -> dict[int, Settlement]:
        """What reached the agent, by request: its sample bears that."""
        reached = self._reached | {one.request_id for one in self.deliveries if one.delivered}
        return {number: self.calls_known[number] for number in reached if number in self.calls_known}

    def call_ended(self) -> None:
        self.in_flight -= 1
        self.tell()

    def tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


def recorded_settlement(recorded: Recorded, model_id: int) -> Settlement:
    """What a replayed call cost when it was bought."""
    tokens = recorded.tokens
    return replace(
        Settlement(
            request_id=recorded.request_id,
            model_id=model_id,
            state="settled",
            reserved_pico=0,
            ended_at=0.0,
            settled_pico=recorded.settled_pico,
            presumed_pico=recorded.presumed_pico,
            cost_basis=recorded.cost_basis,
        ),
        prompt_tokens=tokens[0],
        cached_tokens=tokens[1],
        cache_write_tokens=tokens[2],
        cache_write_1h_tokens=tokens[3],
        completion_tokens=tokens[4],
        reasoning_tokens=tokens[5],
    )
