"""What headers tell of a limit's span."""

from __future__ import annotations

import pytest

from orchestrator.scheduler.limits.reported_limit import ReportedLimit
from providers.reading.rate_limits import VendorLimit


def told(limit: int, *replies: tuple[int | None, float | None]) -> ReportedLimit:
    made = ReportedLimit()
    for remaining, reset_s in replies:
        made.learn(VendorLimit(kind="requests", limit=limit, remaining=remaining, reset_s=reset_s))
    return made


@pytest.mark.parametrize(
    ("limit", "replies", "per_minute", "burst"),
    [
        (60, [(59, 1.0)], 60, None),
        (60, [(60, 0.0)], 60, None),
        (500, [(None, None)], 500, None),
        (150_000, [(149_984, 0.006)], 150_000, None),
        (10_000, [(9_900, 864.0)], 6.944, 10_000),  # a day's: one comes back every 8.64 s
        (10, [(8, 2.0)], 60, None),  # of ten seconds
        (10, [(3, 0.7), (1, 0.9)], 600, None),  # of a second
        (120, [(119, 60.0)], 120, None),  # a window, at its beginning
        (120, [(119, 60.0), (1, 0.5)], 120, None),  # and at its end
    ],
)
def test_a_minute_is_usual_and_other_spans_show_themselves(limit, replies, per_minute, burst):
    made = told(limit, *replies)
    assert made.per_minute == pytest.approx(per_minute, rel=1e-3)
    assert made.burst == burst
