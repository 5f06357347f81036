"""How often the 95% bands of coverage hold the truth, and how wide they are: `python -m benchmarks.bands [RUNS]`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from orchestrator.coverage import bootstrap
from orchestrator.coverage.passk import pass_at_k

SAMPLES = 100
KS = np.array([1, 10, 100])
Rates = Callable[[np.random.Generator, int], NDArray[np.float64]]
SHAPES: dict[str, Rates] = {
    "Beta(.4,3)": lambda generator, n: generator.beta(0.4, 3, n),
    "Beta(.2,5)": lambda generator, n: generator.beta(0.2, 5, n),
    "2% Beta(.5,3), others 0": lambda generator, n: np.where(
        generator.random(n) < 0.02, generator.beta(0.5, 3, n), 0.0
    ),
    "Beta(2,1.5)": lambda generator, n: generator.beta(2, 1.5, n),
    "Beta(2,.3)": lambda generator, n: generator.beta(2, 0.3, n),
}


def main(runs: int) -> None:
    generator = np.random.default_rng(3)
    print("shape, problems, share of bands that hold at k = 1, 10, 100, width over that of plain quantiles")
    for name, rates in SHAPES.items():
        far = rates(generator, 400_000)
        truth = 1 - ((1 - far[:, None]) ** KS).mean(axis=0)
        for problems in (10, 20, 50, 164):
            held, width = held_and_width(generator, rates, truth, problems, runs)
            print(name, problems, np.round(held, 3).tolist(), np.round(width, 2).tolist(), flush=True)


def held_and_width(
    generator: np.random.Generator, rates: Rates, truth: NDArray[np.float64], problems: int, runs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    held, ours, plain = np.zeros(len(KS)), np.zeros(len(KS)), np.zeros(len(KS))
    for _ in range(runs):
        counts = generator.binomial(SAMPLES, rates(generator, problems))
        values = pass_at_k(np.full(problems, SAMPLES), counts, KS)
        means = bootstrap.resampled_means(values)
        low, high = bootstrap.coverage_band(values, means)
        held += (low <= truth + 1e-9) & (truth <= high + 1e-9)
        ours += high - low
        below, above = bootstrap.quantiles(means)
        plain += above - below
    return held / runs, ours / np.maximum(plain, 1e-12)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
