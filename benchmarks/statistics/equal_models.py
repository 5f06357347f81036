"""How often a table of equal models has a verdict anywhere: `python -m benchmarks.statistics.equal_models [RUNS]`."""

from __future__ import annotations

import sys
from itertools import combinations

import numpy as np

from orchestrator.coverage.pairs.simultaneous import critical
from orchestrator.coverage.passk import pass_at_k

SAMPLES = 8
SHAPES = ((0.4, 3.0), (2.0, 2.0))


def main(runs: int) -> None:
    print("problems models shape share")
    for problems in (20, 50, 100):
        for models in (2, 6, 14):
            for shape in SHAPES:
                generator = np.random.default_rng(problems + models)
                share = share_told(generator, problems, models, shape, runs)
                print(problems, models, shape, f"{share:.3f}", flush=True)


def share_told(
    generator: np.random.Generator, problems: int, models: int, shape: tuple[float, float], runs: int
) -> float:
    """Two rows a pair: at one sample, and at all."""
    told = 0
    for _ in range(runs):
        rates = generator.beta(*shape, problems)
        n = np.full(problems, SAMPLES)
        solved = [
            pass_at_k(n, generator.binomial(SAMPLES, rates), np.array([1, SAMPLES])) for _ in range(models)
        ]
        gaps = [one - other for one, other in combinations(solved, 2)]
        told += bool(critical([(np.concatenate(gaps, axis=1), None)])[1].any())
    return told / runs


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
