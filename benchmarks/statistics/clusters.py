"""How often 95% bands hold the coverage of new problems of new clusters, by the clusters and as if there were none:

    python -m benchmarks.statistics.clusters [RUNS]

Difficulty is logit-normal within a cluster (deviation 2), and clusters differ (deviation .5); 20 samples a problem."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from orchestrator.coverage import bootstrap
from orchestrator.coverage.clusters import effective
from orchestrator.coverage.passk import pass_at_k

SIZES = {
    "SWE-bench Lite's 12": (6, 114, 23, 4, 3, 6, 5, 6, 17, 23, 16, 77),
    "8 of 30": (30,) * 8,
    "12 of 10": (10,) * 12,
    "30 of 10": (10,) * 30,
}
SAMPLES, KS = 20, np.array([1, 10])
APART, WITHIN = 0.5, 2.0


def main(runs: int) -> None:
    generator = np.random.default_rng(5)
    print(
        "| clusters | effective | mean logit | k = 1 | k = 10 | as if none | quantiles of clusters | width |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, sizes in SIZES.items():
        for middle in (0.0, -2.0):
            line(generator, name, np.repeat(np.arange(len(sizes)), sizes), middle, runs)


def line(
    generator: np.random.Generator, name: str, number: NDArray[np.int64], middle: float, runs: int
) -> None:
    many = generator.normal(middle, APART, 400_000) + generator.normal(0, WITHIN, 400_000)
    truth = 1 - ((1 - _rate(many))[:, None] ** KS).mean(axis=0)
    held, alone, quantiles, wide = (np.zeros(2) for _ in range(4))
    for _ in range(runs):
        apart = generator.normal(middle, APART, int(number.max()) + 1)
        logit = apart[number] + generator.normal(0, WITHIN, len(number))
        n = np.full(len(number), SAMPLES)
        values = pass_at_k(n, generator.binomial(SAMPLES, _rate(logit)), KS)
        means = bootstrap.resampled_means(values, clusters=number)
        low, high = bootstrap.coverage_band(values, means, number)
        held += (low <= truth) & (truth <= high)
        below, above = bootstrap.quantiles(means)
        quantiles += (below <= truth) & (truth <= above)
        wide += high - low
        low, high = bootstrap.coverage_band(values, bootstrap.resampled_means(values))
        alone += (low <= truth) & (truth <= high)
    held, alone, quantiles, wide = (each / runs for each in (held, alone, quantiles, wide))
    print(
        f"| {name} | {effective(number):.1f} | {middle:+.0f} | {held[0]:.3f} | {held[1]:.3f} | {alone[0]:.3f} | "
        f"{quantiles[0]:.3f} | {wide[0]:.3f} |",
        flush=True,
    )


def _rate(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logit))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
