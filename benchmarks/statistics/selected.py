"""What the frontier prints less the truth, as measured and corrected:
`python -m benchmarks.statistics.selected [RUNS]`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.frontier import best
from orchestrator.coverage.policy import Buyable, buyable, offers
from orchestrator.coverage.samples import Samples
from orchestrator.coverage.selected import corrected, draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.frontier import Policy

SAMPLES, POPULATION = 16, 4000


def main(runs: int) -> None:
    print("problems models | coverage less the truth: measured, corrected | dollars over the truth: the same")
    for problems, models in ((20, 6), (50, 6), (100, 6)):
        generator = np.random.default_rng(7)
        found = np.mean([_errors(generator, problems, models) for _ in range(runs)], axis=0)
        print(problems, models, "|", *(f"{x:+.4f}" for x in found[:2]), "|", *(f"{x:.4f}" for x in found[2:]))


def _errors(generator: np.random.Generator, problems: int, models: int) -> NDArray[np.float64]:
    base, skill = generator.normal(-2.5, 2, POPULATION), np.sort(generator.normal(0, 1, models))
    at = generator.permutation(POPULATION)[:problems]
    rates: dict[str, NDArray[np.float64]] = {}
    price: dict[str, float] = {}
    made: list[Buyable] = []
    for m in range(models):
        alias = f"m{m}"
        rates[alias] = 1 / (1 + np.exp(-(base + skill[m] + generator.normal(0, 1, POPULATION))))
        price[alias] = float(np.exp(m * generator.uniform(0.3, 1.2)))
        counts = generator.binomial(SAMPLES, rates[alias][at])
        one = buyable(alias, Samples(np.full(problems, SAMPLES), counts, np.full(problems, price[alias])))
        assert one is not None
        made.append(one)
    whole, drawn = offers(made), draws(made, problems)
    assert drawn is not None
    every = np.ones(len(whole.policies), bool)
    kept = best(whole.cost, whole.coverage, every)
    cost, coverage = corrected(drawn, every, whole.cost[kept], whole.coverage[kept])
    truth = np.array([_truth(whole.policies[row], rates, price) for row in kept])
    paid = [np.exp(np.log(x / truth[:, 1]).mean()) for x in (whole.cost[kept], cost)]
    return np.array([(x - truth[:, 0]).mean() for x in (whole.coverage[kept], coverage)] + paid)


def _truth(
    policy: Policy, rates: dict[str, NDArray[np.float64]], price: dict[str, float]
) -> tuple[float, float]:
    missed, cost = np.ones(POPULATION), np.zeros(POPULATION)
    for alias in policy.order:
        k, rate = policy.samples[alias], np.maximum(rates[alias], 1e-12)
        none = (1 - rate) ** k
        cost += k * price[alias] if policy.stop == "none" else missed * price[alias] * (1 - none) / rate
        missed = missed * none
    return float(1 - missed.mean()), float(cost.mean())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
