"""Rate limits on a virtual clock, against a vendor that keeps limits of its own."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from random import Random

import pytest

from orchestrator.scheduler.limits.rates import Estimate, RateLimit
from providers.reading.rate_limits import VendorLimit

pytestmark = pytest.mark.slow

ONE = Estimate(input_tokens=100, output_tokens=50)


@dataclass
class VirtualVendor:
    """A token bucket of `burst` that refills at `per_minute`; refusals count nothing."""

    per_minute: float
    burst: float
    latency_s: float = 1.0
    tells: bool = False
    tokens: bool = False
    level: float = field(init=False)
    updated: float = 0.0
    taken: list[float] = field(default_factory=list[float])
    refused: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self.level = self.burst

    def ask(self, now: float) -> bool:
        self.level = min(self.burst, self.level + (now - self.updated) * self.per_minute / 60)
        self.updated = now
        amount = ONE.amount("tokens") if self.tokens else 1.0
        if self.level < amount:
            self.refused.append(now)
            return False
        self.level -= amount
        self.taken.append(now)
        return True

    def limits(self) -> tuple[VendorLimit, ...]:
        if not self.tells:
            return ()
        left = int(self.level)
        reset = (self.burst - self.level) / self.per_minute * 60
        kind = "tokens" if self.tokens else "requests"
        return (VendorLimit(kind=kind, limit=int(self.burst), remaining=left, reset_s=reset),)


def drive(
    vendor: VirtualVendor, rate: RateLimit, minutes: float, *, retry_after_s: float | None = 1.0
) -> None:
    """As many requests as `rate` lets go, for so long."""
    now, landing = 0.0, list[tuple[float, int, bool, float]]()
    sent = 0
    while now < minutes * 60:
        at = rate.ready_at(ONE, now)
        if not rate.full and at <= now:
            sent += 1
            rate.debit(sent, ONE, now)
            took = vendor.ask(now)
            lands = now + (vendor.latency_s if took else 0.1)
            heapq.heappush(landing, (lands, sent, took, now))
            continue
        times = [landing[0][0]] if landing else []
        if not rate.full:
            times.append(at)
        now = max(now, min(times))
        while landing and landing[0][0] <= now:
            _, number, took, sent_at = heapq.heappop(landing)
            rate.learn(vendor.limits(), now)
            if took:
                rate.ended(number, now, taken=True)
                rate.used(ONE, ONE)
            else:
                rate.refused(number, sent_at, now, wait_s=retry_after_s)


def share(vendor: VirtualVendor, minutes: float, *, after: float = 0.0) -> float:
    """Of the limit, what was used from minute `after` on."""
    taken = sum(after * 60 <= at < minutes * 60 for at in vendor.taken)
    per_minute = vendor.per_minute / (ONE.amount("tokens") if vendor.tokens else 1.0)
    return taken / (per_minute * (minutes - after))


def refused_share(vendor: VirtualVendor, *, after: float = 0.0) -> float:
    refused = sum(at >= after * 60 for at in vendor.refused)
    return refused / max(1, refused + sum(at >= after * 60 for at in vendor.taken))


@pytest.mark.parametrize("per_minute", [60, 500, 10_000])
@pytest.mark.parametrize("burst_s", [1, 60])
@pytest.mark.parametrize("latency_s", [0.2, 5.0])
def test_a_stated_limit_is_used_and_not_overrun(per_minute, burst_s, latency_s):
    vendor = VirtualVendor(per_minute, max(1.0, per_minute * burst_s / 60), latency_s)
    drive(vendor, RateLimit(requests=per_minute, concurrency=4096), 5)
    assert share(vendor, 5) >= 0.9
    assert refused_share(vendor) <= 0.01


@pytest.mark.parametrize("tokens", [9_000, 150_000])
def test_a_stated_limit_of_tokens(tokens):
    vendor = VirtualVendor(tokens, max(150.0, tokens / 60), tokens=True)
    drive(vendor, RateLimit(tokens=tokens, concurrency=4096), 5)
    assert share(vendor, 5) >= 0.9
    assert refused_share(vendor) <= 0.01


@pytest.mark.parametrize(
    ("per_minute", "tokens"), [(60, False), (500, False), (10_000, False), (30_000, True)]
)
def test_a_limit_that_headers_tell(per_minute, tokens):
    """A vendor whose bucket holds a minute's worth, as OpenAI's and Anthropic's do."""
    vendor = VirtualVendor(per_minute, per_minute, tells=True, tokens=tokens)
    drive(vendor, RateLimit(concurrency=4096, is_reported=True, ramps=True), 5)
    assert share(vendor, 5) >= 0.9
    assert refused_share(vendor) <= 0.01


def test_a_limit_of_a_day_lets_its_reserve_go():
    """10,000 requests a day: the reserve goes at once, and no more than it."""
    vendor = VirtualVendor(10_000 / 1440, 10_000, latency_s=1.0, tells=True)
    drive(vendor, RateLimit(concurrency=64, ramps=True), 10)
    assert len(vendor.taken) >= 9_900
    assert refused_share(vendor) <= 0.01


@pytest.mark.parametrize("per_minute", [60, 600, 6_000])
@pytest.mark.parametrize("burst_s", [1, 60])
@pytest.mark.parametrize("latency_s", [0.5, 4.0])
def test_a_limit_that_nobody_states_is_found(per_minute, burst_s, latency_s):
    """After five minutes it has settled: the limit is used, and one in forty requests is refused at most."""
    vendor = VirtualVendor(per_minute, max(1.0, per_minute * burst_s / 60), latency_s)
    drive(vendor, RateLimit(concurrency=1024, ramps=True), 20)
    assert share(vendor, 20, after=5) >= (0.9 if per_minute > 60 else 0.85)
    assert refused_share(vendor, after=5) <= 0.03


def test_another_user_of_the_same_limit_is_seen_in_what_remains():
    vendor = VirtualVendor(600, 600, tells=True)
    rate = RateLimit(requests=600)
    vendor.level = 5.0
    rate.learn(vendor.limits(), 0.0)
    assert rate.ready_at(ONE, 0.0) == 0.0
    for number in range(5):
        rate.debit(number, ONE, 0.0)
    assert rate.ready_at(ONE, 0.0) > 0.0


def test_a_stated_limit_below_the_vendor_s_stands():
    vendor = VirtualVendor(6_000, 6_000, tells=True)
    drive(vendor, RateLimit(requests=600, concurrency=4096), 3)
    assert len(vendor.taken) <= 600 * 3 + 11


def test_a_clock_that_jumps_back_gives_nothing():
    rate = RateLimit(requests=60)
    rate.debit(1, ONE, 100.0)
    assert rate.ready_at(ONE, 100.0) > 100.0
    assert rate.ready_at(ONE, 50.0) > 50.0


@pytest.mark.parametrize("share", [0.005, 0.01, 0.03, 0.05, 0.1])
def test_few_refusals_at_random_do_not_lower_the_rate_for_good(share):
    """A vendor without a limit that refuses some requests whatever the rate."""

    class Moody(VirtualVendor):
        def ask(self, now: float) -> bool:
            if random.random() < share:
                self.refused.append(now)
                return False
            return super().ask(now)

    random = Random(4)
    vendor = Moody(6_000, 6_000)
    drive(vendor, RateLimit(concurrency=16, ramps=True), 20)
    late = sum(at >= 15 * 60 for at in vendor.taken) / 5
    early = sum(at < 60 for at in vendor.taken)
    assert late > 0.5 * early, (late, early)


@pytest.mark.parametrize("share_refused", [0.03, 0.05])
def test_a_limit_is_found_though_some_are_refused_at_random(share_refused):
    """Half the rate with as many refusals clears the rate; without that it sank to a tenth of the limit and below."""

    class Moody(VirtualVendor):
        def ask(self, now: float) -> bool:
            if random.random() < share_refused:
                self.refused.append(now)
                return False
            return super().ask(now)

    random = Random(2)
    vendor = Moody(600, 10, latency_s=0.5)
    drive(vendor, RateLimit(concurrency=1024, ramps=True), 20)
    assert share(vendor, 20, after=5) > 0.3
    assert refused_share(vendor, after=5) < 0.15
