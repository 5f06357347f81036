"""What keeps no more than a limit from leaving within its span."""

from __future__ import annotations

from itertools import pairwise

import pytest

from orchestrator.scheduler.limits.departures import KEEPS, Departures


def test_the_span_begins_when_the_first_left():
    made = Departures()
    made.admitted(1, 0.0)
    made.admitted(2, 0.0)
    assert made.next_at(3, 1.0) == 0.0
    made.left(1, 0.4)
    assert made.next_at(2, 1.0) == pytest.approx(1.4)


def test_what_leaving_always_takes_is_no_time_lost():
    """Each leaves 30 ms after it is admitted: the gap between departures is the span, not 30 ms more."""
    made = Departures()
    now, left = 0.0, list[float]()
    for number in range(50):
        now = max(now, made.next_at(1, 1.0))
        made.admitted(number, now)
        left.append(now + 0.03)
        made.left(number, left[-1])
        now += 0.03
    gaps = [b - a for a, b in pairwise(left)]
    assert gaps[-1] == pytest.approx(1.0)
    assert min(gaps) >= 1.0 - 1e-9


def test_a_slow_departure_is_not_taken_for_the_usual_one():
    made = Departures()
    now = 0.0
    for number in range(40):
        now = max(now, made.next_at(1, 1.0))
        made.admitted(number, now)
        made.left(number, now + (0.5 if number % 2 else 0.0))
    assert made.next_at(1, 1.0) >= now + 0.5 + 1.0 - 0.02


def test_old_ones_are_forgotten():
    made = Departures()
    for number in range(3 * KEEPS):
        made.admitted(number, float(number))
    made.left(1, 1e6)
    assert made.next_at(KEEPS, 1.0) == 2 * KEEPS + 1.0
