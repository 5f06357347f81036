"""Are verdicts right, and probabilities calibrated? On simulated pairs: `python -m benchmarks.many_or_few [RUNS]`.

Pass rates are logit-normal, the expensive model better by a random skill, its price 2 to 128 times the cheap one's; the
cheap one has 32 samples a problem, the expensive one 8. The truth is coverage over 20,000 problems of the same kind."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from orchestrator.analysis.frontier import frontier_document
from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

CHEAP, EXPENSIVE = 32, 8
POPULATION = 20_000
BINS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Seen:
    verdict: str
    basis: str | None
    probability: float | None
    right: bool
    """Truly, the affordable cheap samples cover at least as much."""


def main(runs: int) -> None:
    for problems in (20, 50, 100):
        generator = np.random.default_rng(problems)
        found = [seen for _ in range(runs) for seen in _pair(generator, problems)]
        print(f"{problems} problems, {len(found)} comparisons")
        for verdict in ("cheap", "expensive", "open"):
            of = [one for one in found if one.verdict == verdict]
            right = np.mean([one.right for one in of]) if of else np.nan
            print(f"  {verdict}: {len(of)}, cheap is truly as good in {right:.3f}")
        for low, high in pairwise(BINS):
            of = [
                (one.probability, one.right)
                for one in found
                if one.probability is not None
                and (low <= one.probability < high or one.probability == high == 1.0)
            ]
            if of:
                said, true = np.mean(of, axis=0).tolist()
                print(f"  probability {low:.2f} to {high:.2f}: {len(of)}, mean {said:.3f}, true {true:.3f}")
        print(f"  without a probability: {sum(one.probability is None for one in found)}", flush=True)


def _pair(generator: np.random.Generator, problems: int) -> list[Seen]:
    base = generator.normal(generator.uniform(-4, 0), 2, POPULATION)
    skill, ratio = generator.uniform(0, 3), float(2 ** generator.uniform(1, 7))
    rates = [_rate(base + shift + generator.normal(0, 0.7, POPULATION)) for shift in (0.0, skill)]
    at = generator.permutation(POPULATION)[:problems]
    models = [
        _outcomes("cheap", generator, rates[0][at], CHEAP, 10**6),
        _outcomes("expensive", generator, rates[1][at], EXPENSIVE, int(10**6 * ratio)),
    ]
    return [
        Seen(
            row["verdict"],
            row["basis"],
            row["probability"],
            _covers(rates[0], row["affordable_k"]) >= _covers(rates[1], row["expensive_k"]),
        )
        for row in frontier_document(models, "usd")["comparisons"]
    ]


def _rate(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logit))


def _covers(rates: NDArray[np.float64], k: int) -> float:
    return float(np.mean(1 - (1 - rates) ** k))


def _outcomes(
    alias: str, generator: np.random.Generator, rates: NDArray[np.float64], samples: int, cost: int
) -> Outcomes:
    n = np.full(len(rates), samples)
    return Outcomes(
        sweep="s",
        alias=alias,
        provider=None,
        name=None,
        definition=None,
        problems=tuple(f"p{at}" for at in range(len(rates))),
        n=n,
        c=generator.binomial(samples, rates),
        first=None,
        cost=n * cost,
        costed=n,
        total_cost=int(n.sum()) * cost,
        uncosted=0,
        presumed=0,
        unused=0,
        samples=int(n.sum()),
        without_verdict=0,
        ledgers=(),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
