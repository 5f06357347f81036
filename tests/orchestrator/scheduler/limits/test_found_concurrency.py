"""How many requests a vendor takes at a time, told from limits of time and from refusals at random."""

from __future__ import annotations

from itertools import count

from orchestrator.scheduler.limits.found_concurrency import FoundConcurrency
from tests.orchestrator.scheduler.lanes import lane, scheduler


class Vendor:
    """Takes `most` at a time; what is in flight is answered in order."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.found = FoundConcurrency()
        self.refused = 0
        self._open: list[int] = []
        self._numbers = count(1)

    def ask(self) -> bool:
        number = next(self._numbers)
        self.found.sent(number)
        if len(self._open) >= self.most:
            self.refused += 1
            self.found.refused(number, None)
            return False
        self._open.append(number)
        self.found.taken(number)
        return True

    def answer(self) -> None:
        self.found.replied(self._open.pop(0))

    def fill(self) -> None:
        while not self.found.full and self.ask():
            pass


def found(most: int) -> Vendor:
    vendor = Vendor(most)
    vendor.fill()
    assert vendor.found.explains(0.0, all_refused=True)
    return vendor


def test_what_was_in_flight_is_the_limit_and_is_kept():
    vendor = found(7)
    assert vendor.found.most == 7
    for _ in range(500):
        vendor.answer()
        vendor.fill()
    assert vendor.found.most == 7
    assert vendor.refused <= 1 + 500 * 0.02


def test_a_raised_limit_is_reached_in_growing_steps():
    vendor = found(8)
    vendor.most = 200
    for _ in range(400):
        vendor.answer()
        vendor.fill()
    assert vendor.found.most is not None
    assert vendor.found.most >= 150


def test_a_lowered_limit_is_followed():
    vendor = found(20)
    for _ in range(100):
        vendor.answer()
        vendor.fill()
    vendor.most = 16
    for _ in range(4):
        vendor.answer()
    assert not vendor.ask()  # within the limit that was found
    assert vendor.found.explains(1.0, all_refused=True)
    assert vendor.found.most == 16


def test_a_request_taken_where_another_was_refused_tells_a_limit_of_time():
    vendor = Vendor(5)
    vendor.fill()
    vendor.most = 9  # time passed, and nothing ended
    assert vendor.ask()
    assert not vendor.found.explains(0.0, all_refused=True)
    assert vendor.found.most is None


def test_a_vendor_that_tells_a_long_wait_counts_over_time():
    limit = FoundConcurrency()
    limit.sent(1)
    limit.taken(1)
    limit.sent(2)
    limit.refused(2, 30.0)
    assert not limit.explains(0.0, all_refused=True)


def test_refusals_before_it_has_proved_refute_it_for_a_while():
    vendor = found(10)
    vendor.answer()
    vendor.most = 5
    assert not vendor.ask()
    assert not vendor.found.explains(1.0, all_refused=True)
    for _ in range(9):
        vendor.answer()
    vendor.fill()
    assert not vendor.found.explains(2.0, all_refused=True)  # in doubt
    vendor.fill()
    assert vendor.found.explains(100.0, all_refused=True)


def test_a_slow_refusal_does_not_count_as_in_flight():
    limit = FoundConcurrency()
    for number in (1, 2, 3, 4):
        limit.sent(number)
    limit.refused(3, None)  # 4 went out while it was unanswered: two were in flight before it, not three
    limit.refused(4, None)
    assert limit.explains(0.0, all_refused=True)
    assert limit.most == 2


def test_the_screen_says_how_many_at_a_time():
    made = scheduler(lane("m", problems=50))
    ticket = made.next(0.0)
    assert ticket is not None
    rate = made.lanes["m"].rate
    assert rate.found is not None
    rate.found.concurrency.most = 1
    rate.found.concurrency._due = 10  # pyright: ignore[reportPrivateUsage]
    assert made.next(0.0) is None
    assert "(1 at a time, found from rejections)" in (made.lanes["m"].waiting or "")
