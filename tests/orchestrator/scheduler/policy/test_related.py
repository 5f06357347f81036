"""What is believed of a model before its own verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.scheduler.policy.joint_rates import RATES, Spread, vague
from orchestrator.scheduler.policy.related import related


def at(rate: float) -> list[float]:
    mass = np.zeros(len(RATES))
    mass[int(np.abs(RATES - rate).argmin())] = 1.0
    return mass.tolist()


def means(spread: Spread) -> list[float]:
    return [float(mass @ RATES) for mass in spread.mass]


def test_an_untried_model_is_believed_to_be_as_the_tried_one_and_better_where_it_costs_more() -> None:
    little = vague(1).mass[0]
    spread = Spread(np.array([at(0.06), little.tolist(), little.tolist()]), 0.6)
    prior, start = related(spread, [200, 0, 0], [1.0, 1.0, 9.0])
    cheap, same, expensive = means(prior)
    assert cheap == pytest.approx(same)
    assert 0.06 < cheap < 0.1
    assert 1.5 * cheap < expensive < 9 * cheap
    assert means(start)[1:] == pytest.approx(means(prior)[1:])
    assert means(start)[0] == pytest.approx(0.06, abs=0.005)


def test_before_any_verdict_little_is_believed() -> None:
    prior, _ = related(vague(2), [0, 0], [1.0, 1.0])
    assert means(prior) == pytest.approx(means(vague(2)))


def test_a_model_that_fails_everywhere_doesnt_make_the_others_hopeless() -> None:
    spread = Spread(np.array([at(0.0), vague(1).mass[0].tolist()]), 0.6)
    prior, _ = related(spread, [10_000, 0], [1.0, 1.0])
    assert means(prior)[1] > 0.02


def test_a_free_model_makes_no_other_one_sure() -> None:
    prior, _ = related(Spread(np.array([at(0.004), at(0.004)]), 0.6), [50, 0], [1e-3, 1e9])
    assert means(prior)[1] < 0.2
