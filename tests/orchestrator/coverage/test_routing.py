"""What a router could save at most."""

import numpy as np
import pytest

from orchestrator.coverage.attempts import attempts_cost
from orchestrator.coverage.routing import Bound, routing_bound
from orchestrator.coverage.samples import Samples


def _samples(c, cost, n=20, **more):
    c = np.array(c, np.int64)
    return Samples(np.full(len(c), n), c, np.full(len(c), cost), **more)


def test_each_problem_goes_to_the_model_that_always_solves_it_for_less():
    """A solves the first problem for 1, B the second for 3; both solve the third, A for less; nobody the fourth."""
    found = routing_bound({"a": _samples([20, 0, 20, 0], 1.0), "b": _samples([0, 20, 20, 0], 3.0)})
    assert isinstance(found, Bound)
    assert (found.cost, found.coverage) == (pytest.approx((1 + 3 + 1 + 0) / 4), 0.75)


def test_the_choice_is_not_judged_by_the_samples_that_made_it():
    """With one pass in twenty, the half that chooses a model by it leaves none in the other half."""
    found = routing_bound({alias: _samples([1] * 40, 1.0) for alias in "ab"})
    assert isinstance(found, Bound)
    assert found.coverage == 0


def test_with_many_samples_it_is_what_one_who_knows_the_rates_pays():
    generator = np.random.default_rng(3)
    rates = generator.beta(0.5, 2, (2, 3000))
    counts = generator.binomial(200, rates)
    found = routing_bound({alias: _samples(c, 1.0, 200) for alias, c in zip("ab", counts, strict=True)})
    known = rates.max(axis=0)
    solved = 1 - (1 - known) ** 100
    cost = np.where(known > 0, solved / known, 0.0)
    assert isinstance(found, Bound)
    assert found.coverage == pytest.approx(solved.mean(), abs=0.03)
    assert found.cost == pytest.approx(cost.mean(), rel=0.15)


def test_verdicts_that_cost_are_in():
    free = routing_bound({"a": _samples([10] * 5, 1.0), "b": _samples([0] * 5, 1.0)})
    paid = routing_bound({"a": _samples([10] * 5, 1.0, verdict_cost=1.0), "b": _samples([0] * 5, 1.0)})
    assert isinstance(free, Bound)
    assert isinstance(paid, Bound)
    assert paid.cost == pytest.approx(2 * free.cost)
    assert free.cost >= attempts_cost(_samples([10], 1.0), np.array([1]))[0, 0]


def test_without_a_second_half_there_is_none():
    stopped = _samples([1, 0], 1.0, first=np.array([3, 0]))
    assert "sampled until solved" in str(routing_bound({"a": stopped, "b": _samples([1, 1], 1.0)}))
    assert "fewer than 2" in str(routing_bound({"a": _samples([1, 1], 1.0, n=1), "b": _samples([1, 1], 1.0)}))
