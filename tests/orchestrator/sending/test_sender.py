"""One request from its reservation to its end, in a real ledger, with a wire that answers as it is told to."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestrator.booking.booking import Attempt, Booked
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Failure, ModelTotals, Settlement
from orchestrator.ledger.writing.run_state import ModelState, RunState
from orchestrator.scheduler.lane import Bound, Ticket
from orchestrator.sending.caller import Kept, PromptText
from orchestrator.sending.paid_servers import HourlyPrice, PaidServer, paid_servers
from orchestrator.sending.sender import Sender
from providers.errors import BadRequest, Lost, RateLimited, TooManySamples
from providers.types import Reply, StatedCost, Usage
from tests.orchestrator.booking.figures import IN, OUT, attempt, choice, reply
from tests.orchestrator.ledger_fixture import Made, make_ledger
from tests.orchestrator.scheduler.lanes import admitted, lane, scheduler

pytestmark = pytest.mark.timeout(30)

USAGE = Usage(input=20, output=40)
WHOLE = reply(choice(0, tokens=10), choice(1, tokens=30), usage=USAGE)
BOUND = Bound(fixed=100 * IN, sample=50 * OUT, input_tokens=50)
FREE = Bound(fixed=0, sample=0, input_tokens=50)
"""Where its server's time is paid instead."""
Answer = Callable[[], Awaitable[Reply]]


class Wire:
    """A caller of one model."""

    def __init__(self, ledger: Ledger, answer: Reply | Exception | Answer) -> None:
        self.ledger = ledger
        self.answer = answer
        self.more: list[int] = []
        self.ratios: list[int] = []
        self.sent = 0

    def attempt(self, ticket: Ticket, *, lease_id: int | None = None) -> Attempt:
        return attempt(
            request_id=self.ledger.new_request_id(),
            model_id=1,
            problem_id=1,
            indices=ticket.item.indices,
            worst_pico=ticket.worst_pico,
            lease_id=lease_id,
        )

    def prompt(self, ticket: Ticket) -> PromptText:
        return PromptText("sha", lambda: '{"text": "?"}')

    async def send(self, ticket: Ticket, leaves: Callable[[], None]) -> Reply:
        self.sent += 1
        leaves()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, Reply) else await self.answer()

    def replied(self, ticket: Ticket, attempt: Attempt, booked: Booked, reply: Reply) -> Kept:
        return Kept(outcome=booked.outcome, arrived=booked.arrived, missing=booked.missing)

    def broke_off(self, ticket: Ticket, outcome: Settlement) -> Settlement:
        return outcome

    def gave_up(
        self, ticket: Ticket, attempt: Attempt, runs: Sequence[tuple[int, int]], error: str, message: str
    ) -> Sequence[Failure]:
        return ()

    def more_input(self, ticket: Ticket, attempt: Attempt, extra_tokens: int) -> int | None:
        self.more.append(extra_tokens)
        return extra_tokens

    def more_cost(self, ticket: Ticket, cost_ratio: int) -> None:
        self.ratios.append(cost_ratio)


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[Ledger]:
    make_ledger(path, {"m": Made(passed={})}, asked=["p"])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO sweep_file (id, sweep_id, sha256, text, read_at) VALUES (1, 1, 'x', '', 0)"
        )
        connection.execute(
            "INSERT INTO run (id, sweep_file_id, budget_pico, started_at, status, pid, host, versions) "
            "VALUES (1, 1, 1, 0, 'running', 1, 'h', '{}')"
        )
    state = RunState(
        run_id=1,
        sweep_id=1,
        problem_ids=[1],
        models={"m": ModelState(model_id=1)},
        others=ModelTotals(),
        next_request_id=1,
        presumed_leftovers=0,
    )
    async with Ledger(path, state) as ledger:
        yield ledger


class Performed:
    """One request, performed: `row` is what the ledger has of it."""

    def __init__(
        self,
        tmp_path: Path,
        answer: Reply | Exception | Answer,
        *,
        usd_per_hour: int = 0,
        draining: bool = False,
        total: int = 10**15,
    ) -> None:
        self.warnings: list[str] = []
        bound = FREE if usd_per_hour else BOUND
        self.scheduler = scheduler(lane(problems=1, samples=2, bounds=[bound]), total=total)
        path = tmp_path / "l.db"
        self.booked = asyncio.run(self._perform(path, answer, usd_per_hour, draining))
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            (self.row,) = connection.execute("SELECT * FROM request").fetchall()
            self.samples = connection.execute("SELECT * FROM sample ORDER BY sample_index").fetchall()
            self.leases = connection.execute("SELECT * FROM lease").fetchall()

    async def _perform(
        self, path: Path, answer: Reply | Exception | Answer, usd_per_hour: int, draining: bool
    ) -> Settlement | None:
        async with opened(path) as ledger:
            servers: dict[tuple[str, int], PaidServer] = {}
            if usd_per_hour:
                price = HourlyPrice(Decimal(usd_per_hour), 1)
                servers = paid_servers({"m": price}, self.scheduler, ledger, self._warn)
            self.wire = Wire(ledger, answer)
            sender = Sender(
                self.scheduler,
                ledger,
                {"m": self.wire},
                servers=servers,
                clock=lambda: 1.0,
                on_warning=self._warn,
            )
            ticket = admitted(self.scheduler)
            self.scheduler.draining = draining
            booked = await sender.perform(ticket)
            for server in servers.values():
                await server.close()
            return booked

    def _warn(self, alias: str, line: str) -> None:
        self.warnings.append(f"{alias}: {line}")

    @property
    def work(self) -> Any:
        return self.scheduler.lanes["m"].work


def test_a_reply_is_settled_and_its_samples_are_kept(tmp_path):
    done = Performed(tmp_path, WHOLE)
    assert (done.row["state"], done.row["settled_pico"]) == ("settled", 20 * IN + 40 * OUT)
    assert [row["completion_tokens"] for row in done.samples] == [10, 30]
    assert done.scheduler.budget.funds["m"].settled == 20 * IN + 40 * OUT
    assert (done.work.lacking(), done.scheduler.in_flight) == (0, 0)
    assert done.booked is not None
    assert done.warnings == []


def test_what_a_reply_lacks_is_still_to_be_asked(tmp_path):
    done = Performed(tmp_path, reply(choice(1, tokens=30), usage=USAGE))
    assert [row["sample_index"] for row in done.samples] == [1]
    assert (done.work.lacking(), done.work.unasked) == (1, 1)


def test_a_run_that_began_to_drain_meanwhile_sends_nothing_and_it_is_free(tmp_path):
    done = Performed(tmp_path, WHOLE, draining=True)
    assert (done.booked, done.wire.sent) == (None, 0)
    assert (done.row["state"], done.row["error_message"]) == ("free", "the run was ending")
    assert done.scheduler.budget.held == 0
    assert done.work.unasked == 2


def test_an_outcome_that_nobody_knows_is_charged_at_its_bound_and_said(tmp_path):
    done = Performed(tmp_path, Lost("reset", choices=(choice(0, tokens=5),)))
    assert (done.row["state"], done.row["presumed_pico"]) == ("presumed", done.row["reserved_pico"])
    assert done.scheduler.budget.funds["m"].presumed == done.row["reserved_pico"]
    assert [row["sample_index"] for row in done.samples] == [0]
    assert done.work.unasked == 1
    (warning,) = done.warnings
    assert warning.endswith("reset")


@pytest.mark.parametrize("error", [RateLimited("slow down", status=429), BadRequest("too long", status=400)])
def test_what_the_vendor_refused_is_free_without_a_word(tmp_path, error):
    done = Performed(tmp_path, error)
    assert (done.row["state"], done.row["http_status"]) == ("free", error.status)
    assert (done.scheduler.budget.held, done.warnings) == (0, [])
    assert done.work.unasked == (0 if isinstance(error, BadRequest) else 2)


def test_how_many_samples_a_server_takes_is_learnt(tmp_path):
    done = Performed(tmp_path, TooManySamples("n", max_n=1))
    assert done.work.max_n == 1
    with closing(sqlite3.connect(tmp_path / "l.db")) as connection:
        assert connection.execute("SELECT max_n FROM model").fetchone() == (1,)


def test_more_input_than_its_bound_raises_the_bound(tmp_path):
    usage = Usage(input=103, output=40)
    done = Performed(tmp_path, reply(choice(0, tokens=10), choice(1, tokens=30), usage=usage))
    assert done.wire.more == [3]
    assert "more input than its bound" in done.warnings[0]
    assert done.scheduler.lanes["m"].bounds == [None], "it is asked for anew"


def test_a_vendor_that_states_a_higher_cost_is_believed_and_the_bound_is_raised(tmp_path):
    ours = 20 * IN + 40 * OUT
    told = reply(
        choice(0, tokens=10),
        choice(1, tokens=30),
        usage=USAGE,
        stated_cost=StatedCost(name="usage.cost", said="x", pico=3 * ours),
    )
    done = Performed(tmp_path, told)
    assert (done.row["settled_pico"], done.row["cost_basis"]) == (3 * ours, "stated")
    assert done.wire.ratios == [3_000_000]
    assert done.scheduler.lanes["m"].bounds == [None]


def test_more_output_than_was_asked_stops_the_model(tmp_path):
    done = Performed(tmp_path, reply(choice(0), choice(1), usage=Usage(input=20, output=101)))
    assert "more output than max_tokens" in (done.scheduler.lanes["m"].stopped or "")
    assert done.row["settled_pico"] == 20 * IN + 101 * OUT


def test_a_paid_server_s_time_is_settled_out_of_its_lease(tmp_path):
    done = Performed(tmp_path, WHOLE, usd_per_hour=36)
    (lease,) = done.leases
    assert done.row["settled_pico"] == lease["settled_pico"] > 0
    assert (lease["reserved_pico"], lease["ended_at"] is not None) == (0, True)
    funds = done.scheduler.budget.funds["m"]
    assert (funds.reserved, funds.settled) == (0, lease["settled_pico"])


def test_a_failure_of_a_paid_server_is_paid_by_its_time(tmp_path):
    done = Performed(tmp_path, Lost("reset"), usd_per_hour=36)
    assert done.row["state"] == "settled"
    assert done.row["settled_pico"] == done.row["unused_pico"] > 0
    assert done.warnings == []


def test_what_still_runs_when_its_lease_ends_is_ended_and_paid(tmp_path):
    """At $3,600 an hour a second is a dollar, and the budget is two and a bit."""

    async def hangs() -> Reply:
        await asyncio.sleep(60)
        return WHOLE

    done = Performed(tmp_path, hangs, usd_per_hour=3600, total=2_100_000_000_000)
    assert (done.booked, done.row["error"]) == (None, "LeaseOver")
    assert 10**12 < done.row["settled_pico"] <= 2_100_000_000_000
    assert done.work.unasked == 2
    assert done.samples == []
