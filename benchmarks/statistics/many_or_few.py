"""Are verdicts right, and probabilities calibrated? On simulated pairs:

    python -m benchmarks.statistics.many_or_few [--pairs 600] [--problems 20,50,100] [--seed 1]

Pass rates are logit-normal; an expensive sample costs 2 to 128 times a cheap one (even in ln). The cheap model has 32
samples a problem, the expensive one 8, so that its money often buys more than were sampled. In a third of the pairs the
expensive model's skill makes it cover exactly what the cheap samples for its money do, against one of its samples or
against all; in the others it is better by 0 to 3 in the logit. In a third of the pairs 5% of the samples have no
verdict. The truth is coverage over 20,000 problems of the same kind; where both are equal, either side is right, and
`probability` ought to be one half."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from orchestrator.analysis.arrays import samples_of
from orchestrator.analysis.comparisons import comparisons
from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

CHEAP, EXPENSIVE = 32, 8
POPULATION = 20_000
CENT = 10**6
BINS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
EQUAL = 1e-6
"""Coverages no further apart are equal."""


@dataclass(frozen=True, slots=True)
class Seen:
    verdict: str
    basis: str | None
    probability: float | None
    right: float
    """Truly, the affordable cheap samples cover at least as much: 1 or 0, 0.5 where they cover the same."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--problems", default="20,50,100")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for problems in map(int, given.problems.split(",")):
        generator = np.random.default_rng([given.seed, problems])
        table(problems, [seen for _ in range(given.pairs) for seen in pair(generator, problems)])


def table(problems: int, found: list[Seen]) -> None:
    print(f"{problems} problems, {len(found)} comparisons")
    for verdict in ("cheap", "expensive", "open"):
        of = [one.right for one in found if one.verdict == verdict]
        sides = f"cheap {of.count(1.0)}, equal {of.count(0.5)}, expensive {of.count(0.0)}"
        print(f"  {verdict}: {len(of)}, truly: {sides}")
    for basis in ("sampled", "extrapolated", "all"):
        print(f"  probability, {basis}: comparisons, mean, observed")
        for low, high in pairwise(BINS):
            of = [
                (one.probability, one.right)
                for one in found
                if one.probability is not None
                and basis in ("all", one.basis)
                and (low <= one.probability < high or one.probability == high == 1.0)
            ]
            if of:
                said, true = np.mean(of, axis=0).tolist()
                print(
                    f"    {low:.2f} to {high:.2f}: {len(of)}, {said:.3f}, {true:.3f}, off by {true - said:+.3f}"
                )
    print(f"  without a probability: {sum(one.probability is None for one in found)}", flush=True)


def pair(generator: np.random.Generator, problems: int) -> Iterator[Seen]:
    base = generator.normal(generator.uniform(-4, 0), 2, POPULATION)
    cheap, ratio = _rate(base + generator.normal(0, 0.7, POPULATION)), float(2 ** generator.uniform(1, 7))
    own = base + generator.normal(0, 0.7, POPULATION)
    skill, equal, lossy = generator.uniform(0, 3), generator.random() < 1 / 3, generator.random() < 1 / 3
    if equal:
        k = int(generator.choice([1, EXPENSIVE]))
        skill = _equal_skill(own, k, _covers(cheap, int(k * ratio)))
    expensive = _rate(own + skill)
    at = generator.permutation(POPULATION)[:problems]
    lost = 0.05 if lossy else 0.0
    models = [
        outcomes("cheap", generator, cheap[at], CHEAP, CENT, lost),
        outcomes("expensive", generator, expensive[at], EXPENSIVE, int(CENT * ratio), lost),
    ]
    for row in comparisons("usd", [(one, samples_of(one, 10**12)) for one in models], []):
        gap = _covers(cheap, row["affordable_k"]) - _covers(expensive, row["expensive_k"])
        yield Seen(
            row["verdict"],
            row["basis"],
            row["probability"],
            0.5 if abs(gap) < EQUAL else float(gap > 0),
        )


def _equal_skill(own: NDArray[np.float64], k: int, goal: float) -> float:
    low, high = -20.0, 20.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if _covers(_rate(own + middle), k) < goal else (low, middle)
    return low


def _rate(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logit))


def _covers(rates: NDArray[np.float64], k: int) -> float:
    return float(np.mean(-np.expm1(k * np.log1p(-np.minimum(rates, 1 - 1e-12)))))


def outcomes(
    alias: str,
    generator: np.random.Generator,
    rates: NDArray[np.float64],
    samples: int,
    cost: int,
    lost: float = 0.0,
) -> Outcomes:
    """`lost`: the share of samples without a verdict."""
    asked = np.full(len(rates), samples)
    n = np.maximum(asked - generator.binomial(samples, lost, len(rates)), 1)
    return Outcomes(
        sweep="s",
        alias=alias,
        provider=None,
        name=None,
        definition=None,
        problems=tuple(f"p{at}" for at in range(len(rates))),
        n=n,
        c=generator.binomial(n, rates),
        first=None,
        lost=asked - n,
        cost=asked * cost,
        costed=asked,
        total_cost=int(asked.sum()) * cost,
        uncosted=0,
        presumed=0,
        unused=0,
        samples=int(asked.sum()),
        without_verdict=int((asked - n).sum()),
        ledgers=(),
    )


if __name__ == "__main__":
    main()
