"""What few verdicts tell of all models at once."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.scheduler.policy.frailty import MOST_PATTERNS, SHARED, believed
from orchestrator.scheduler.policy.joint_rates import RATES, Counts, JointRates, Spread

Numbers = dict[Counts, int]


def means(spread: Spread) -> list[float]:
    return [float(mass @ RATES) for mass in spread.mass]


def first_samples(right: int, wrong: int, models: int) -> Numbers:
    """Of the first model alone, one of each problem."""
    rest = ((0, 0),) * (models - 1)
    return {((1, 0), *rest): right, ((0, 1), *rest): wrong}


def test_an_untried_model_is_believed_to_be_as_the_tried_one_and_better_where_it_costs_more() -> None:
    cheap, same, expensive = means(believed(first_samples(12, 188, 3), [1.0, 1.0, 9.0]))
    assert cheap == pytest.approx(0.06, abs=0.015)
    assert same == pytest.approx(cheap, rel=0.1)
    assert 1.5 * cheap < expensive < 9 * cheap


def test_a_few_unlucky_verdicts_make_no_model_of_a_like_price_better_a_dollar() -> None:
    cheap, other = means(believed(first_samples(1, 15, 2), [1.0, 1.3]))
    assert other / 1.3 < cheap


def test_a_model_that_fails_everywhere_makes_no_expensive_one_hopeless() -> None:
    cheap, expensive = means(believed(first_samples(0, 10_000, 2), [1.0, 10.0]))
    assert cheap < 1e-3
    assert expensive > 0.02


def test_a_free_model_makes_no_other_one_sure() -> None:
    assert means(believed(first_samples(0, 50, 2), [1e-3, 1e9]))[1] < 0.3


def test_before_any_verdict_the_expensive_one_is_better_but_not_a_dollar() -> None:
    cheap, expensive = means(believed({}, [1.0, 10.0]))
    assert 0.1 < cheap < expensive < 10 * cheap


def test_models_go_together_no_more_than_the_verdicts_show() -> None:
    first = first_samples(60, 140, 2)
    assert believed(first, [1.0, 3.0]).shared == pytest.approx(
        float(np.mean(SHARED)), abs=0.02
    )  # nothing shown
    del first[((0, 1), (0, 0))]
    together = believed({**first, ((0, 1), (0, 1)): 130, ((0, 1), (1, 0)): 10}, [1.0, 3.0])
    apart = believed({**first, ((0, 1), (0, 1)): 70, ((0, 1), (1, 0)): 70}, [1.0, 3.0])
    assert together.shared > apart.shared
    assert JointRates(together).pass_next((1, 0))[1] < 0.2 < 0.4 < JointRates(apart).pass_next((1, 0))[1]


def test_of_many_kinds_of_problems_some_stand_for_all() -> None:
    generator = np.random.default_rng(1)
    rates = generator.beta(1, 3, 4 * MOST_PATTERNS)
    counts: Numbers = {}
    for number, rate in enumerate(rates.tolist()):
        right = int(generator.binomial(5, rate))
        seen: Counts = ((right, 5 - right), (0, number % (2 * MOST_PATTERNS)))
        counts[seen] = counts.get(seen, 0) + 1
    assert len(counts) > MOST_PATTERNS
    assert means(believed(counts, [1.0, 1.0]))[0] == pytest.approx(0.25, abs=0.03)
