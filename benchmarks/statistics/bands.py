"""How often the 95% bands of coverage hold the truth, and how wide they are:
`python -m benchmarks.statistics.bands [RUNS]`."""

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
    print("shape | problems | k | solved | unsolved | band held | plain quantiles held | width over theirs")
    for name, rates in SHAPES.items():
        far = rates(generator, 400_000)
        truth = 1 - ((1 - far[:, None]) ** KS).mean(axis=0)
        for problems in (10, 20, 50, 164):
            found = of_cell(generator, rates, truth, problems, runs)
            for k, solved, *shares, width in zip(KS.tolist(), truth * problems, *found, strict=True):
                held = " | ".join(f"{share:.3f}" for share in shares)
                share = f"{solved:.1f} | {problems - solved:.1f}"
                print(f"{name} | {problems} | {k} | {share} | {held} | {min(width, 99):.2f}", flush=True)


def of_cell(
    generator: np.random.Generator, rates: Rates, truth: NDArray[np.float64], problems: int, runs: int
) -> list[NDArray[np.float64]]:
    """By k: how often the band held, how often plain bootstrap quantiles did, the band's mean width over theirs."""
    held, plainly, ours, plain = (np.zeros(len(KS)) for _ in range(4))
    for _ in range(runs):
        counts = generator.binomial(SAMPLES, rates(generator, problems))
        values = pass_at_k(np.full(problems, SAMPLES), counts, KS)
        means = bootstrap.resampled_means(values)
        low, high = bootstrap.coverage_band(values, means)
        held += (low <= truth + 1e-9) & (truth <= high + 1e-9)
        ours += high - low
        below, above = bootstrap.quantiles(means)
        plainly += (below <= truth + 1e-9) & (truth <= above + 1e-9)
        plain += above - below
    return [held / runs, plainly / runs, ours / np.maximum(plain, 1e-12)]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
