"""What `plan` predicts of a policy comes true within its band: `python -m benchmarks.foretold` has the figures."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.foretold import KINDS, one_run, worlds
from orchestrator.scheduler.policy.foretold import Stand, foretell

RUNS = 8


@pytest.mark.slow
def test_bands_hold_what_is_solved() -> None:
    world = next(worlds(["long tail"]))
    within = [
        told.band.low <= told.solved <= told.band.high
        for run in range(RUNS)
        for found in one_run(np.random.default_rng([5, run]), world, pilot=2)
        for told in (found[kind] for kind in KINDS)
    ]
    assert np.mean(within) >= 0.85


def test_the_mean_lies_within_the_band() -> None:
    counts = [((0, 2), (1, 1))] * 3 + [((0, 2), (0, 2))] * 17
    for usd in (0.01, 1.0, 100.0):
        found = foretell(Stand(counts=counts, cost=[0.001, 0.01], most=[50, 50]), usd, cascade=None)
        for band in (found.solve, found.cascade, found.uniform):
            assert 3 <= band.low <= band.solved <= band.high <= 20
