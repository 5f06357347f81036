import math

import pytest

from orchestrator.text.duration import about, moment, span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.4, "0.4 s"),
        (0.96, "1 s"),
        (4, "4 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
        (86_399, "1 d"),
        (3 * 86_400 + 4 * 3600, "3 d 4 h"),
        (-1, "?"),
        (math.inf, "?"),
        (math.nan, "?"),
    ],
)
def test_a_length_of_time_has_at_most_two_units(seconds, said):
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.1, "5 s"),
        (60, "1 min"),
        (61, "1 min 10 s"),
        (601, "11 min"),
        (math.inf, "?"),
        (-1, "?"),
    ],
)
def test_an_estimate_is_rounded_up_in_steps(seconds, said):
    assert about(seconds) == said


def test_an_estimate_is_never_below_the_time_left():
    for tenths in range(0, 20_000, 7):
        seconds = tenths / 10
        step = 5 if seconds <= 60 else 10 if seconds <= 600 else 60
        assert about(seconds) == span(math.ceil(seconds / step) * step)


def test_a_moment_is_in_utc():
    assert moment(1_767_225_600.9) == "2026-01-01 00:00:00 UTC"
