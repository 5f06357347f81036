"""The wall clock jumps in the middle of a run: money, order and waits don't notice."""

from __future__ import annotations

import time

import pytest

from tests.faults.disk import Fault
from tests.faults.scene import PROBLEMS, SAMPLES, scene
from tests.loopback import faults
from tests.orchestrator.run.books import one, rows

WAIT_S = 2
"""What the vendor's Retry-After asks for."""


@pytest.mark.parametrize("shift_s", [-3600, 3600])
def test_a_clock_that_jumps_in_mid_run(tmp_path, launch, shift_s):
    with scene(launch, tmp_path, continued=True) as at_work:
        calls = at_work.calls("s")
        at_work.vendor.faults.extend([None, faults.RATE_LIMITED_2S, faults.RATE_LIMITED_DATE])
        began = time.monotonic()
        # At a sync amid the run's own: requests are in flight, and what they were told to wait is still to be waited.
        ended, recorded = at_work.perform(Fault("jump", "s", shift_s=shift_s), calls // 2, watched=True)
        took_s = time.monotonic() - began
        assert at_work.hit()
        assert ended.status == 0, ended.err
        at_work.check_whole()
        at_work.check_books(recorded)
        assert WAIT_S * 0.9 < took_s < 60
        (started, over) = rows(at_work.db, "SELECT started_at, ended_at FROM run ORDER BY id DESC LIMIT 1")[0]
        assert abs(over - started - shift_s) < 60, "the clock did not jump"
        longest, shortest = rows(at_work.db, "SELECT max(latency_s), min(latency_s) FROM request")[0]
        assert 0 <= shortest <= longest < took_s
        reordered = (
            "SELECT count(*) FROM request AS a JOIN request AS b ON a.problem_id = b.problem_id AND a.id < b.id "
            "WHERE a.attempt = 1 AND b.attempt = 1 AND a.indices ->> 0 > b.indices ->> 0"
        )
        assert one(at_work.db, reordered) == 0
        assert len(at_work.vendor.billed) == len(at_work.vendor.seen) - 2, (
            "two were refused, the rest billed once"
        )
        assert one(at_work.db, "SELECT samples FROM model") == PROBLEMS * SAMPLES
