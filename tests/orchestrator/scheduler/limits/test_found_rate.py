"""Limits that nobody states, and refusals at random, on the virtual clock of `python -m benchmarks.rates.limits`."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.rates.grid import Cell, cells
from benchmarks.rates.limits import play
from benchmarks.rates.virtual_vendors import InFlight, Limit, NoLimit, TokenBucket, VirtualVendor, Window
from providers.errors import RateLimited
from tests.orchestrator.scheduler.lanes import admitted, all_admitted, lane, scheduler


def vendor(
    limit: Limit, *, noise: float = 0.0, tells: bool = False, retry_after: bool = False
) -> VirtualVendor:
    return VirtualVendor(
        kind="noise" if noise else "sliding window",
        limit=limit,
        latency_s=0.03 if noise else 1.0,
        noise=noise,
        tells=tells,
        retry_after=retry_after,
        random=Random(3),
    )


@pytest.mark.parametrize("retry_after", [False, True])
@pytest.mark.parametrize(
    "limit",
    [
        lambda: TokenBucket(600, 10),
        lambda: TokenBucket(120, 20),
        lambda: Window(2, 1.0),
        lambda: Window(100, 10.0, fixed=True, phase_s=3.7),
        lambda: Window(250, 10.0),
    ],
)
def test_a_limit_is_found_within_few_refusals_and_used(limit, retry_after):
    result = play(vendor(limit(), retry_after=retry_after), seconds=120)
    assert result.took_share >= 0.8
    assert result.early <= 14
    assert result.late_share <= 0.04


@pytest.mark.parametrize("retry_after", [False, True])
@pytest.mark.parametrize(("most", "latency_s"), [(2, 0.2), (4, 4.0), (10, 1.0), (32, 1.0)])
def test_a_limit_of_requests_at_a_time_is_found_and_used(most, latency_s, retry_after):
    endpoint = vendor(InFlight(most, latency_s), retry_after=retry_after)
    endpoint.latency_s = latency_s
    result = play(endpoint, seconds=60)
    assert result.took_share >= 0.9
    assert result.early <= 10
    assert result.late_share <= 0.02


@pytest.mark.parametrize("limit", [lambda: Window(120, 60.0), lambda: TokenBucket(6_000, 6_000)])
def test_a_limit_in_headers_is_kept_without_a_refusal(limit):
    result = play(vendor(limit(), tells=True), seconds=60)
    assert result.took_share >= 0.9
    assert (result.early, result.late_share) == (0, 0.0)


@pytest.mark.parametrize(
    "cell",
    [
        cell
        for cell in cells()
        if cell.tells in ("openai", "anthropic") and cell.span_s < 60 and cell.per_minute in (60, 600)
    ],
    ids=str,
)
def test_a_limit_in_headers_is_used_whatever_its_span(cell):
    result = play(cell.vendor(), seconds=60)
    assert result.took_share >= 0.9
    assert result.early <= 10
    assert result.late_share <= 0.02


@pytest.mark.parametrize("tells", ["retry-after", "nothing"])
@pytest.mark.parametrize(
    ("shape", "span_s", "per_minute"),
    [("token bucket", 60.0, 60), ("sliding window", 10.0, 60), ("fixed window", 1.0, 600)],
)
def test_what_a_burst_took_is_no_rate_for_long(tells, shape, span_s, per_minute):
    result = play(Cell(tells, shape, span_s, per_minute).vendor(), seconds=60)
    assert result.took_share >= 0.9
    assert result.early <= 10
    assert result.late_share <= 0.1


@pytest.mark.parametrize("tells", ["retry-after", "nothing"])
@pytest.mark.parametrize("shape", ["fixed window", "sliding window"])
@pytest.mark.parametrize(("span_s", "per_minute"), [(10.0, 60), (60.0, 120), (60.0, 600)])
def test_few_requests_find_out_when_a_window_opens_again(tells, shape, span_s, per_minute):
    """Each of them that comes too early is rejected, and a window of 120 allows no more than two."""
    result = play(Cell(tells, shape, span_s, per_minute).vendor(), seconds=120)
    assert result.took_share >= 0.9
    assert result.early <= 10
    assert result.late_share <= 0.02


@pytest.mark.parametrize(
    ("tells", "shape", "span_s"),
    [
        ("nothing", "token bucket", 1.0),
        ("nothing", "token bucket", 10.0),
        ("retry-after", "token bucket", 10.0),
        ("nothing", "token bucket", 60.0),
        ("nothing", "fixed window", 60.0),
    ],
)
def test_a_burst_that_ends_at_hundreds_a_second_has_few_refused(tells, shape, span_s):
    """64 may be in flight when it does, and as many again would be refused if all went out at once after a moment."""
    assert play(Cell(tells, shape, span_s, 6_000).vendor(), seconds=13).early <= 10


@pytest.mark.parametrize("retry_after", [False, True])
@pytest.mark.parametrize("noise", [0.01, 0.03, 0.05])
def test_refusals_at_random_cost_seconds(noise, retry_after):
    """1,200 requests, 64 at a time, answered in 30 ms."""
    without = play(vendor(NoLimit(), noise=1e-9), seconds=600, requests=1_200)
    result = play(vendor(NoLimit(), noise=noise, retry_after=retry_after), seconds=600, requests=1_200)
    assert result.ended_s <= without.ended_s + 6.0


def test_the_screen_names_a_limit_that_was_found():
    made = scheduler(lane(problems=8, samples=80, max_n=1))
    for ticket in all_admitted(made)[:40]:
        made.replied(ticket, 0.5, settled=0, arrived=1)
    for ticket in all_admitted(made)[:8]:
        made.failed(ticket, 1.0, RateLimited("slow down", status=429, retry_after_s=20.0))
    for ticket in list(made.lanes["m"].in_flight.values()):
        made.failed(ticket, 1.0, RateLimited("slow down", status=429, retry_after_s=20.0))
    probe = admitted(made, 21.1)
    made.replied(probe, 21.2, settled=0, arrived=1)
    assert made.next(21.2) is None
    assert "requests per minute, found from rejections" in (made.lanes["m"].waiting or "")


def out(
    limit: Limit, begins: float, ends: float, *, is_503: bool = False, told: bool = False
) -> VirtualVendor:
    """It refuses everything for a while, and answers in 1 s otherwise."""
    endpoint = vendor(limit, retry_after=told)
    endpoint.outage, endpoint.outage_is_503, endpoint.concurrency = (begins, ends), is_503, 16
    return endpoint


@pytest.mark.parametrize("is_503", [False, True])
@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(("begins", "ends"), [(0.0, 3.0), (0.0, 30.0), (2.0, 12.0), (10.0, 40.0)])
def test_an_outage_is_no_limit(begins, ends, told, is_503):
    """Soon after it many go out again; its length gave the rate, which then rose for minutes."""
    endpoint = out(NoLimit(), begins, ends, is_503=is_503, told=told)
    play(endpoint, seconds=120)
    assert sum(at >= 100 for at in endpoint.taken) >= 0.5 * 20 * 16
    assert endpoint.in_outage <= 60


@pytest.mark.parametrize(
    "limit", [lambda: TokenBucket(600, 10), lambda: Window(20, 1.0), lambda: InFlight(4, 1.0)]
)
def test_all_that_were_told_to_come_back_keep_to_the_limit_then(limit):
    """64 requests fall due at the same moment."""
    endpoint = out(limit(), 10.0, 30.0, told=True)
    endpoint.concurrency = 64
    result = play(endpoint, seconds=90)
    assert result.took_share >= 0.7
    assert result.late_share <= 0.03


def test_a_limit_that_rose_is_used_again():
    endpoint = vendor(TokenBucket(1_500, 25, changes=((30.0, 4.0),)))
    play(endpoint, seconds=120)
    assert sum(at >= 100 for at in endpoint.taken) / 20 >= 2 * 25
