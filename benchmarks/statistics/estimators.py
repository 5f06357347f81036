"""The estimators of coverage against other ways to the same number, how often their bands hold, and how long they take.

    python -m benchmarks.statistics.estimators [--seeds 200] [--samples 2000]

- *Against*: pass@k in exact fractions of binomial coefficients, and by the product that Chen et al. 2021 print beside
  their estimator; the estimators of stopped sampling by enumeration of all sequences, weighted by their chance, whose
  sum must be the truth.
- *Bands*: in how many of `--seeds` simulated sweeps (128 problems, 100 samples) the 95% band held the coverage of all
  problems of the shape.
- *Time*: the curve of two models with its bands, 1,000 problems × 10,000 samples and 2,000 draws; and `manyfew
  frontier --json` on a ledger of 1,000 problems × `--samples`, a process of its own with the memory that it held.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import scale
from benchmarks.extrapolation.shapes import KNOWN
from benchmarks.statistics import other_stopping
from orchestrator.coverage import bootstrap, grid, stopping
from orchestrator.coverage.attempts import attempts
from orchestrator.coverage.passk import pass_at_k
from orchestrator.coverage.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sequence = tuple[int, ...]
RATES = (0.03, 0.2, 0.7)
CAP = 12


def one(value: int) -> NDArray[np.int64]:
    return np.array([value])


def exact() -> float:
    """The largest difference from exact fractions, over all of n <= 40."""
    worst = 0.0
    for n in range(1, 41):
        ks = np.arange(1, n + 1)
        for c in range(n + 1):
            true = [float(1 - Fraction(comb(n - c, k), comb(n, k))) for k in range(1, n + 1)]
            worst = max(worst, float(np.abs(pass_at_k(one(n), one(c), ks)[0] - true).max()))
    return worst


def printed(n: int) -> float:
    """The largest difference from 1 − ∏ (1 − k/i) over i = n−c+1 … n, at 400 random c and k."""
    generator, worst = np.random.default_rng(1), 0.0
    for _ in range(400):
        c, k = int(generator.integers(0, n + 1)), int(generator.integers(1, n + 1))
        by_product = 1.0 if n - c < k else 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))
        worst = max(worst, abs(float(pass_at_k(one(n), one(c), one(k))[0, 0]) - by_product))
    return worst


def sequences(rate: float) -> Iterator[tuple[Sequence, float]]:
    """All sequences of CAP trials, with their chances."""
    for trials in product((0, 1), repeat=CAP):
        solved = sum(trials)
        yield trials, rate**solved * (1 - rate) ** (CAP - solved)


def at_first(trials: Sequence, k: int) -> float:
    first = trials.index(1) + 1 if any(trials) else 0
    return float(stopping.first_success(one(first), one(first or CAP), one(k))[0, 0])


def at_third(trials: Sequence, k: int) -> float:
    at = [i for i, passed in enumerate(trials, 1) if passed]
    n = at[2] if len(at) > 2 else CAP
    return float(other_stopping.rth_success(one(n), one(min(len(at), 3)), 3, one(k))[0, 0])


def in_batches(trials: Sequence, k: int) -> float:
    ends = next((end for end in range(4, CAP + 1, 4) if any(trials[end - 4 : end])), CAP)
    return float(other_stopping.last_batch(one(ends), one(sum(trials[ends - 4 : ends])), 4, one(k))[0, 0])


def until_solved(trials: Sequence, k: int) -> float:
    samples = Samples(one(CAP), one(sum(trials)), np.ones(1))
    return float(attempts(samples, one(k))[0, 0])


def enumerated(estimate: Callable[[Sequence, int], float], truth: Callable[[float, int], float]) -> float:
    """The largest difference of the estimate's expectation from the truth."""
    worst = 0.0
    for rate in RATES:
        chances = list(sequences(rate))
        for k in (1, 3, 7, CAP):
            mean = sum(chance * estimate(trials, k) for trials, chance in chances)
            worst = max(worst, abs(mean - truth(rate, k)))
    return worst


def solved_by(rate: Any, k: int) -> Any:
    """Of a rate, or of an array of them."""
    return 1 - (1 - rate) ** k


def spent_by(rate: float, k: int) -> float:
    return solved_by(rate, k) / rate


def bands_held(seeds: int) -> None:
    print("\n| shape of pass rates | k = 1 | k = 10 | k = 100 |\n|---|---|---|---|")
    ks = np.array([1, 10, 100])
    for name, draw in KNOWN.items():
        many = draw(np.random.default_rng(10**6), 1_000_000)
        truth = np.array([solved_by(many, k).mean() for k in (1, 10, 100)])
        held = np.zeros(len(ks))
        for seed in range(seeds):
            generator = np.random.default_rng(seed)
            counts = generator.binomial(100, draw(generator, 128))
            values = pass_at_k(np.full(128, 100), counts, ks)
            low, high = bootstrap.coverage_band(values, bootstrap.resampled_means(values))
            held += (low <= truth) & (truth <= high)
        print(f"| {name} | {' | '.join(f'{share:.3f}' for share in held / seeds)} |", flush=True)


def curve_s() -> float:
    """Processor seconds of both models' whole curves with their bands."""
    generator = np.random.default_rng(0)
    counts = [generator.binomial(10_000, generator.beta(0.4, 3, 1000)) for _ in range(2)]
    ks, n = grid.spaced(10_000, 84), np.full(1000, 10_000)
    began = time.process_time()
    for c in counts:
        values = pass_at_k(n, c, ks)
        bootstrap.coverage_band(values, bootstrap.resampled_means(values))
    return time.process_time() - began


def from_ledger(samples: int) -> scale.Run:
    server = scale.Server()
    with tempfile.TemporaryDirectory() as folder:
        place, db = Path(folder), Path(folder) / "full.db"
        one_each = scale.sweep(place, server.port, 1000, 1, 32)
        scale.measure("run", str(one_each), "--db", str(db), "--no-progress")
        scale.fill(db, samples, 32)
        return scale.measure("frontier", str(db), "--json")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--samples", type=int, default=2000)
    options = parser.parse_args()
    print("| estimate | against | largest difference |\n|---|---|---|")
    print(f"| pass@k, all of n ≤ 40 | exact fractions | {exact():.1e} |")
    for n in (100, 10_000):
        print(f"| pass@k, n = {n:,} | the printed product | {printed(n):.1e} |")
    for name, estimate, truth in (
        ("stopped at the first pass", at_first, solved_by),
        ("stopped at the third pass", at_third, solved_by),
        ("stopped after a batch of 4 with a pass", in_batches, solved_by),
        ("expected samples until solved", until_solved, spent_by),
    ):
        print(f"| {name} | all sequences of {CAP} | {enumerated(estimate, truth):.1e} |", flush=True)
    bands_held(options.seeds)
    print(f"\ncurve of two models, 1,000 × 10,000, {bootstrap.DRAWS:,} draws: {curve_s():.2f} s of processor")
    read = from_ledger(options.samples)
    print(
        f"frontier --json, {1000 * options.samples:,} samples: {read.span} s by the clock (of the processor), "
        f"{read.most_mb} MB"
    )


if __name__ == "__main__":
    main()
