"""The spread that solve goes by, as verdicts come."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from benchmarks.policies.steered import policy
from benchmarks.policies.worlds import World
from orchestrator.scheduler.policy.frailty import believed
from orchestrator.scheduler.policy.joint_rates import (
    RATES,
    SHARED,
    Counts,
    JointRates,
    fit,
    given_ease,
    vague,
)
from orchestrator.scheduler.policy.solve import Solve
from orchestrator.scheduler.policy.solve_fit import from_family, refit

PROBLEMS = 200
PRICES = (1.0, 3.0)
Numbers = dict[Counts, int]


def until_solved(samples: Iterable[int], seed: int) -> Numbers:
    """Of problems that are alike for two models: by model at most so many samples, until one passes."""
    generator = np.random.default_rng(seed)
    counts: Numbers = {}
    for rate in generator.beta(0.3, 1.0, PROBLEMS).tolist():
        seen, solved = list[tuple[int, int]](), False
        for most in samples:
            tries = int(generator.geometric(max(rate, 1e-9)))
            n = 0 if solved else min(most, tries)
            passed = not solved and tries <= most
            seen.append((int(passed), n - passed))
            solved = solved or passed
        counts[tuple(seen)] = counts.get(tuple(seen), 0) + 1
    return counts


def next_passes(counts: Numbers, failures: tuple[int, ...]) -> tuple[float, ...]:
    family = believed(counts, PRICES)
    return JointRates(from_family(family, counts)).pass_next(failures)


def test_how_models_go_together_is_a_mean_of_what_is_likely() -> None:
    few: Numbers = {((1, 0), (0, 0)): 20, ((0, 1), (1, 0)): 5, ((0, 1), (0, 1)): 15}
    found = fit(vague(2), vague(2), few)
    assert min(SHARED) + 0.1 < found.shared < max(SHARED) - 0.1
    assert found.shared not in SHARED
    assert found.mass.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_one_more_sample_of_a_few_problems_turns_no_choice() -> None:
    """Two samples a problem, where the family of shapes gives way to a free spread."""
    turned: list[float] = []
    for seed in range(6):
        counts = until_solved((2, 1), seed)
        samples = sum(n * (right + wrong) for of, n in counts.items() for right, wrong in of)
        lacks = int(2 * PROBLEMS - samples)
        hopeless = max(counts, key=lambda one: sum(wrong for _, wrong in one))
        (_, cheap), (_, expensive) = hopeless
        assert counts[hopeless] > lacks + 1
        one_more = ((0, cheap + 1), (0, expensive))
        by: list[float] = []
        for more in (lacks - 1, lacks + 1):
            of = {**counts, hopeless: counts[hopeless] - more, one_more: more}
            passes = next_passes(of, (2, 0))
            by.append(passes[1] / passes[0])
        turned.append(abs(float(np.log(by[1] / by[0]))))
    assert np.mean(turned) < 0.1


def solve_after(
    right: list[tuple[int, int]], wrong: list[tuple[int, int]], prices: tuple[float, float]
) -> Solve:
    """Right and wrong samples of two models, by problem."""
    world = World("two models", np.zeros((len(right), 2)), np.array(prices), None)
    return policy(world, len(right), right=np.array(right), wrong=np.array(wrong))


def test_with_many_samples_a_problem_the_spread_is_as_the_verdicts_are() -> None:
    """Half of the problems always pass, half never: no gamma is like that."""
    solve = solve_after([(30, 0), (0, 0)] * 100, [(0, 0), (30, 0)] * 100, PRICES)
    mass = refit(solve.snapshot()).spread.mass[0]
    assert mass[RATES > 0.9].sum() == pytest.approx(0.5, abs=0.05)
    assert mass[RATES < 0.05].sum() == pytest.approx(0.5, abs=0.05)


def test_the_first_samples_of_an_expensive_model_are_looked_at_soon() -> None:
    """Among thousands of a cheap one they cost as much as all of those until the next fit would be due."""
    solve = solve_after([(0, 0)] * 500, [(10, 0)] * 500, (1.0, 100.0))
    solve.learnt(refit(solve.snapshot()))
    asked = 0
    while not solve.is_stale:
        solve.took(1, asked, measured=False)
        solve.judged(1, asked, passed=False)
        asked += 1
    assert asked == 4
    before = JointRates(solve.snapshot().spread).pass_next((10, 0))[1]
    after = JointRates(refit(solve.snapshot()).spread).pass_next((10, 0))[1]
    assert after < before


@pytest.mark.parametrize("little", [1e-9, 1e-12])
def test_next_to_no_mass_at_a_rate_is_no_negative_one_whatever_the_ease(little: float) -> None:
    mass = np.full(len(RATES), little)
    mass[0] = 1.0 - mass[1:].sum()
    for shared in np.linspace(0.0, 0.93, 12).tolist():
        given = given_ease(mass, shared)
        assert given.min() >= 0.0
        assert given.mean(axis=0) == pytest.approx(mass)
