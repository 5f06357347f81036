"""2,000 runs of each policy: what is printed of a model is off by less than a tenth of one run's standard error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.coverage.allocation.narrowing import Drawn, allot
from orchestrator.coverage.samples import Samples

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # about 70 s of CPU

RUNS, PROBLEMS = 2_000, 16
COSTS = (1.0, 3.0)
Rates = NDArray[np.float64]


def rates(generator: np.random.Generator) -> tuple[Rates, Rates]:
    """Hopeless, hard and easy problems; the expensive model is as good as two tries."""
    cheap = np.concatenate([np.zeros(4), generator.beta(0.5, 4, 8), generator.beta(4, 2, 4)])
    return cheap, 1 - (1 - cheap) ** 2


def narrowed(generator: np.random.Generator, of: tuple[Rates, Rates]) -> list[float]:
    """Coverage at k = 1 and 3 of the cheap model, 1 of the expensive one, and the difference, less the truth: money
    for 30 samples of each problem in three parts, planned as the policy narrow does."""
    zeros = np.zeros(PROBLEMS, np.int64)
    right, judged, guides, counted, passed = ([zeros, zeros] for _ in range(5))
    order, spent = generator.permutation(PROBLEMS), 0.0
    total = 30.0 * PROBLEMS
    for part in (1, 2, 3):
        drawn = [
            Drawn(
                right=right[m],
                judged=judged[m],
                guides=guides[m],
                counted=counted[m],
                most=np.full(PROBLEMS, 1000),
                cost=np.full(PROBLEMS, COSTS[m]),
            )
            for m in (0, 1)
        ]
        found = allot(drawn, total * part / 3 - spent, pair=None, order=order)
        for m in (0, 1):
            more, new = found.guides[m] - guides[m], found.counted[m] - counted[m]
            right[m] = right[m] + generator.binomial(more, of[m])
            judged[m] = guides[m] = found.guides[m]
            passed[m] = passed[m] + generator.binomial(new, of[m])
            counted[m] = found.counted[m]
            spent += float((more + new).sum()) * COSTS[m]
        assert spent <= total * part / 3 + 1e-6
    cheap = Samples(counted[0], passed[0], np.ones(PROBLEMS)).solved(np.array([1, 3])).mean(axis=0)
    (expensive,) = Samples(counted[1], passed[1], np.ones(PROBLEMS)).solved(np.array([1])).mean(axis=0)
    truth = [float((1 - (1 - of[0]) ** k).mean()) for k in (1, 3)]
    errors = [float(cheap[0]) - truth[0], float(cheap[1]) - truth[1], float(expensive) - float(of[1].mean())]
    return [*errors, errors[1] - errors[2]]


def first_stage(generator: np.random.Generator, of: tuple[Rates, Rates]) -> list[float]:
    """Coverage at k = 1, 2 and 6 of a cascade's first stage of 6 samples."""
    trial = generator.geometric(np.maximum(of[0], 1e-12))
    first = np.where((of[0] > 0) & (trial <= 6), trial, 0)
    n = np.where(first > 0, first, 6)
    found = Samples(n, (first > 0).astype(np.int64), np.ones(PROBLEMS), first).solved(np.array([1, 2, 6]))
    return [float(found[:, at].mean() - (1 - (1 - of[0]) ** k).mean()) for at, k in enumerate((1, 2, 6))]


@pytest.mark.parametrize("policy", [narrowed, first_stage])
def test_nothing_is_biased_by_a_tenth_of_its_standard_error(
    policy: Callable[[np.random.Generator, tuple[Rates, Rates]], list[float]],
) -> None:
    generator = np.random.default_rng(20261130)
    of = rates(generator)
    errors = np.array([policy(generator, of) for _ in range(RUNS)])
    assert (np.abs(errors.mean(axis=0)) < 0.1 * errors.std(axis=0)).all()
