"""What headers tell of a limit's span."""

from __future__ import annotations

import pytest

from orchestrator.scheduler.limits.reported_limit import ReportedLimit
from providers.reading.rate_limits import VendorLimit


def told(limit: int, *replies: tuple[int | None, float | None], exact_s: float = 0.001) -> ReportedLimit:
    made = ReportedLimit()
    for remaining, reset_s in replies:
        made.learn(
            VendorLimit(
                kind="requests", limit=limit, remaining=remaining, reset_s=reset_s, reset_exact_s=exact_s
            )
        )
    return made


@pytest.mark.parametrize(
    ("limit", "replies", "per_minute", "burst"),
    [
        (60, [(59, 1.0)], 60, None),
        (60, [(60, 0.0)], 60, None),
        (500, [(None, None)], 500, None),
        (150_000, [(149_984, 0.006)], 150_000, None),
        (10_000, [(9_900, 864.0)], 6.944, 10_000),  # a day's: one comes back every 8.64 s
        (10, [(8, 2.0), (0, 10.0)], 60, None),  # of ten seconds
        (100, [(99, 10.0), (95, 10.0)], 600, None),  # a window of ten seconds
        (10, [(3, 0.7), (0, 1.0)], 600, None),  # of a second
        (120, [(119, 60.0)], 120, None),  # a window, at its beginning
        (120, [(119, 60.0), (1, 0.5)], 120, None),  # and at its end
    ],
)
def test_a_minute_is_usual_and_other_spans_show_themselves(limit, replies, per_minute, burst):
    made = told(limit, *replies)
    assert made.per_minute == pytest.approx(per_minute, rel=0.04 if per_minute > limit else 1e-3)
    assert made.burst == burst


@pytest.mark.parametrize(
    ("limit", "replies", "per_minute"),
    [
        (100, [(99, 1.0), (95, 1.0)], 6_000),  # a window of a second
        (100, [(99, 1.3), (90, 0.6)], 6_000),  # rounded up
        (1, [(0, 0.0)], 60),  # rounded down to nothing
        (100, [(99, 10.4), (91, 9.8)], 600),
        (50, [(49, 2.0), (42, 9.6)], 50),  # a minute's bucket
        (50, [(49, 59.2), (10, 12.3)], 50),  # a minute's window
    ],
)
def test_resets_in_whole_seconds(limit, replies, per_minute):
    assert told(limit, *replies, exact_s=1.0).per_minute == pytest.approx(per_minute, rel=0.04)


def test_what_comes_back_sooner_than_in_a_minute_is_no_minute_s():
    """60 replies in three seconds, and never more than two of a hundred used."""
    made = ReportedLimit()
    for number in range(60):
        limit = VendorLimit(kind="requests", limit=100, remaining=98, reset_s=1.0, reset_exact_s=1.0)
        made.learn(limit, sent_at=number / 20, counted=number)
    assert made.per_minute == pytest.approx(6_000, rel=0.04)
