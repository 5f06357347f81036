"""What `plan` predicts of a policy comes true within its band (`python -m benchmarks.policies.foretold`)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.policies.foretold import KINDS, one_run, worlds
from orchestrator.scheduler.policy.foretold import Stand, foretell
from orchestrator.scheduler.policy.joint_rates import stated

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


def test_more_money_solves_more_and_never_what_is_out_of_samples() -> None:
    counts = [((0, 2), (1, 1))] * 3 + [((0, 2), (0, 2))] * 17
    stand = Stand(counts=counts, cost=[0.001, 0.01], most=[50, 50])
    little, some, all_ = (foretell(stand, usd, cascade=None) for usd in (0.001, 0.1, 100.0))
    for kind in KINDS:
        bands = [getattr(found, kind) for found in (little, some, all_)]
        assert 3 <= bands[0].solved < bands[1].solved < bands[2].solved < 20
        assert bands[1].low < bands[1].solved < bands[1].high
    # Once money ends nothing, only samples do, whichever way they are bought.
    assert all_.solve.solved == pytest.approx(all_.cascade.solved, abs=0.5)


def test_what_failed_may_be_hopeless_or_fall_in_time() -> None:
    """Two failures tell neither, so that the band has both in it."""
    counts = [((0, 2),)] * 60 + [((2, 0),)] * 22 + [((1, 1),)] * 18
    told = foretell(Stand(counts=counts, cost=[1.0], most=[10**6]), 1600.0, cascade=None)
    assert told.solve.low < 52
    assert told.solve.high > 90


def test_what_models_solved_that_are_asked_no_more_counts_as_solved() -> None:
    counts = [((0, 2),)] * 6 + [((0, 0),)] * 14
    stand = Stand(counts=counts, cost=[0.01], most=[50], solved=range(12))
    told = foretell(stand, 0.01, cascade=None)
    for kind in KINDS:
        assert 12 <= getattr(told, kind).low <= getattr(told, kind).high <= 13


def test_without_stated_pass_rates_the_verdicts_alone_predict() -> None:
    """A vague start that counts as stated leaves out half of the band."""
    assert stated([None, None]) is None
    assert stated([None, 0.3]) is not None


def test_nothing_is_foretold_that_costs_more_than_a_solve_is_worth() -> None:
    counts = [((0, 2), (1, 1))] * 3 + [((0, 2), (0, 2))] * 17
    free = Stand(counts=counts, cost=[0.001, 0.01], most=[50, 50])
    found = [
        foretell(replace(free, worth_usd=worth), 100.0, cascade=None) for worth in (None, 0.05, 0.000001)
    ]
    whole, part, nothing = (one.solve.solved for one in found)
    assert nothing == 3 < part < whole
    assert len({one.cascade for one in found}) == len({one.uniform for one in found}) == 1
