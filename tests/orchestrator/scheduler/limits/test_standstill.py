"""What a time in which everything was refused tells of a limit."""

from __future__ import annotations

import pytest

from orchestrator.scheduler.limits.standstill import Standstill


@pytest.mark.parametrize(
    ("told_s", "span_s"), [(10.0, 10.0), (9.0, 10.0), (26.0, 30.0), (52.0, 60.0), (60.0, 60.0)]
)
def test_a_wait_that_is_told_is_no_longer_than_the_window(told_s, span_s):
    """A fixed window may have been half over when the first request went out."""
    stood = Standstill(0.0, 120, 0.5, 0.5, told_s + 0.6, told_s=told_s)
    assert stood.window_s == span_s


def test_a_wait_longer_than_any_usual_window_is_the_window():
    assert Standstill(0.0, 120, 0.5, 0.5, 300.5, told_s=300.0).window_s == 300.5


def test_a_burst_that_is_allowed_again_at_the_end_of_a_minute_used_up_a_window():
    """Only the ends of usual windows were tried, so that its end is known less exactly."""
    stood = Standstill(0.0, 120, 0.5, 30.5, 60.52)
    assert not stood.shows_window
    assert stood._replace(of_burst=True).shows_window
    assert stood.rate == 2.0
