"""A refusal that a stated limit explains."""

from __future__ import annotations

from orchestrator.scheduler.limits.rates import OVERRUN, Estimate, RateLimit
from providers.reading.rate_limits import VendorLimit

ONE = Estimate(input_tokens=1, output_tokens=1)


def told(remaining: int, *, limit: int = 10, reset_s: float = 1.0) -> list[VendorLimit]:
    return [VendorLimit(kind="requests", limit=limit, remaining=remaining, reset_s=reset_s)]


def known(*, limit: int, reset_s: float) -> RateLimit:
    """After ten replies whose headers show the span."""
    rate = RateLimit(ramps=True)
    for number in range(1, 11):
        rate.debit(number, ONE, number / 10)
        rate.learn(told(limit - number, limit=limit, reset_s=reset_s), number / 10, number=number)
        rate.ended(number, number / 10, taken=True)
    return rate


def refuse(rate: RateLimit, number: int, now: float, *, wait_s: float, limit: int, reset_s: float) -> None:
    rate.debit(number, ONE, now)
    rate.learn(told(0, limit=limit, reset_s=reset_s), now, number=number)
    rate.refused(number, now, now, wait_s=wait_s)


def test_one_of_a_second_s_limit_finds_no_lower_rate():
    """It came in a little closer to the one before than it left."""
    rate = known(limit=10, reset_s=1.0)
    refuse(rate, 11, 2.5, wait_s=1.0, limit=10, reset_s=1.0)
    assert rate.ready_at(ONE, 2.5) < 2.7
    refuse(rate, 12, 2.7, wait_s=1.0, limit=10, reset_s=1.0)
    rate.debit(13, ONE, 3.8)
    rate.ended(13, 3.9, taken=True)
    assert rate.found is not None
    assert rate.found.per_minute is None


def test_several_that_went_out_together_are_one_event():
    """Four requests that reached the vendor a moment early, since the first ones had a connection to make."""
    rate = known(limit=10, reset_s=1.0)
    for number in range(11, 15):
        rate.debit(number, ONE, 2.5)
    for number in range(11, 15):
        rate.learn(told(0), 2.52, number=number)
        rate.refused(number, 2.5, 2.52, wait_s=1.0)
    assert rate.found is not None
    assert rate.found.hold is None


def test_a_longer_limit_is_waited_for_as_the_vendor_asks():
    rate = known(limit=60, reset_s=60.0)
    refuse(rate, 11, 2.5, wait_s=20.0, limit=60, reset_s=20.0)
    assert rate.found is not None
    assert rate.found.per_minute is None
    assert rate.ready_at(ONE, 2.5) >= 22.5


def test_many_tell_that_others_draw_on_it():
    """Then the rate that is left is found as where nobody states a limit."""
    rate = known(limit=10, reset_s=1.0)
    now = 2.5
    for number in range(11, 11 + 2 * OVERRUN + 4):
        now = max(now, rate.ready_at(ONE, now))
        refuse(rate, number, now, wait_s=1.0, limit=10, reset_s=1.0)
        now += 0.05
    assert rate.found is not None
    assert rate.found.hold is not None
