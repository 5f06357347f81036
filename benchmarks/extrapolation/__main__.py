"""Coverage foretold at a hundred times the samples, against the truth of simulated problems:

    python -m benchmarks.extrapolation [--problems 128] [--samples 100] [--seeds 60]
        [--only known|untuned|random|foreign] [--shapes 240] [--dynamic]

One row a shape of pass rates: mean absolute error of ln coverage (and bias) of the ways in extrapolation_others (the
power law by least squares on coverage at 40 k, as the paper's, we suppose; the same on ln(−ln coverage) at every k; a
beta-binomial by maximum likelihood; one fitted to the problems with few passes alone), and of manyfew's; then how often
manyfew's 95% band held the truth of these problems and of all problems of that shape, and its median width. Below: mean
error over mean error of the power law.
Of shapes drawn at random (random.py; 5 seeds each, or fewer) only the mean stands.
With --dynamic the same number of attempts goes round robin to the problems that are still unsolved."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.extrapolation.others import OTHERS
from benchmarks.extrapolation.random import COMMON, FOREIGN, FOREIGN_SEED, TEST_SEED, random_shapes
from benchmarks.extrapolation.reach import farthest
from benchmarks.extrapolation.shapes import KNOWN, UNTUNED
from orchestrator.coverage.extrapolation.extrapolate import extrapolate
from orchestrator.coverage.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from benchmarks.extrapolation.shapes import Draw

_POPULATION = 200_000
_SEEDS_AT_RANDOM = 5


@dataclass
class Run:
    """Of one seed: the error of ln coverage by method, nan where it gave none; whether the band held, its width."""

    truth: float
    errors: list[float]
    held: float
    held_population: float
    width: float
    back_test_held: float


def until_solved(rates: NDArray[np.float64], attempts: int, generator: np.random.Generator) -> Samples:
    """As many rounds over the unsolved problems as the attempts last for (after Kazdan et al. 2025)."""
    trial = generator.geometric(np.maximum(rates, 1e-12))
    low, high = 1, attempts
    while low < high:
        rounds = (low + high + 1) // 2
        low, high = (rounds, high) if np.minimum(trial, rounds).sum() <= attempts else (low, rounds - 1)
    first = np.where(trial <= low, trial, 0)
    return Samples(np.minimum(trial, low), (first > 0).astype(np.int64), np.ones(len(rates)), first)


def one(draw: Draw, problems: int, n: int, seed: int, population: float, dynamic: bool) -> Run:
    generator = np.random.default_rng(seed)
    rates = draw(generator, problems)
    if dynamic:
        samples = until_solved(rates, problems * n, generator)
    else:
        samples = Samples(np.full(problems, n), generator.binomial(n, rates), np.ones(problems))
    k = farthest(n)
    truth = float(np.mean(1 - (1 - rates) ** k))
    found = extrapolate(samples)
    told = [method(samples, k) for method in OTHERS.values()]
    if isinstance(found, str) or k not in found.ks:  # dynamic sampling of easy problems goes beyond k
        nan = float("nan")
        return Run(truth, [*(np.log(told) - np.log(truth)), nan], nan, nan, nan, nan)
    at = int(np.flatnonzero(found.ks == k)[0])
    low, high = found.low[at], found.high[at]
    back_test = float("nan") if found.back_test is None else float(found.back_test.held)
    errors = [float(np.log(value) - np.log(truth)) for value in (*told, found.coverage[at])]
    inside = float(low <= truth <= high), float(low <= population <= high)
    return Run(truth, errors, *inside, float(high - low), back_test)


@dataclass
class Row:
    """Of one shape, means over its runs in which manyfew drew a line (nan: in none); `rest`: the band held the truth,
    held that of all problems, its median width, the back-test held."""

    truth: float
    errors: NDArray[np.float64]
    bias: NDArray[np.float64]
    rest: NDArray[np.float64]
    none: int

    def __str__(self) -> str:
        cells = [f"{mean:.3f} ({bias:+.3f})" for mean, bias in zip(self.errors, self.bias, strict=True)]
        held, everywhere, width, _ = self.rest
        return f"{self.truth:.3f} | {' | '.join(cells)} | {held:.2f} | {everywhere:.2f} | {width:.3f} | {self.none}"


def row(draw: Draw, problems: int, n: int, seeds: int, dynamic: bool) -> Row:
    many = draw(np.random.default_rng(10**6), _POPULATION)
    population = float(np.mean(1 - (1 - many) ** farthest(n)))
    runs = [one(draw, problems, n, seed, population, dynamic) for seed in range(seeds)]
    truth = float(np.mean([run.truth for run in runs]))
    drawn = [run for run in runs if not np.isnan(run.width)]
    if not drawn:
        nan = np.full(len(OTHERS) + 1, np.nan)
        return Row(truth, nan, nan, np.full(4, np.nan), len(runs))
    errors = np.array([run.errors for run in drawn])
    held = [np.mean([getattr(run, key) for run in drawn]) for key in ("held", "held_population")]
    width, back = np.median([run.width for run in drawn]), [run.back_test_held for run in drawn]
    rest = np.array([*held, width, _mean(np.array(back))], np.float64)
    return Row(truth, _mean(np.abs(errors)), _mean(errors), rest, len(runs) - len(drawn))


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Along the first axis, without those that are nan; nan where all are."""
    return np.ma.filled(np.ma.masked_invalid(values).mean(axis=0), np.nan)


def table(title: str, rows: Mapping[str, Row], each: bool) -> None:
    """`each`: a line a shape."""
    print(f"\n{title}, {len(rows)} shapes")
    heads = ("shape", "truth", *OTHERS, "manyfew", "held", "all", "width", "none")
    print(f"| {' | '.join(heads)} |")
    print("|---" * len(heads) + "|")
    for name, found in rows.items():
        if each:
            print(f"| {name} | {found} |")
    mean = _mean(np.array([found.errors for found in rows.values()]))
    rest = np.array([found.rest for found in rows.values()])
    other, none = _mean(rest), sum(found.none for found in rows.values())
    cells = [f"{value:.4f}" for value in mean] + [f"{value:.3f}" for value in other[:3]]
    print(f"| mean | | {' | '.join(cells)} | {none} |")
    print(f"over the power law's, c: {' '.join(f'{value / mean[0]:.2f}' for value in mean)}")
    print(f"over the power law's, ln ln: {' '.join(f'{value / mean[1]:.2f}' for value in mean)}")
    print(f"band held in less than half the runs: {np.mean(rest[:, 0] < 0.5):.3f} of shapes")
    print(f"back-tests held: {other[3]:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=128)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--shapes", type=int, default=240)
    parser.add_argument("--dynamic", action="store_true")
    parser.add_argument("--only", choices=("known", "untuned", "random", "foreign"))
    given = parser.parse_args()
    began = time.perf_counter()
    print(f"{given.problems} problems, {given.samples} samples -> k = {farthest(given.samples):,}")
    sets: dict[str, Callable[[], Mapping[str, Draw]]] = {
        "known": lambda: KNOWN,
        "untuned": lambda: UNTUNED,
        "random": lambda: random_shapes(TEST_SEED, given.shapes, COMMON),
        "foreign": lambda: random_shapes(FOREIGN_SEED, given.shapes, FOREIGN),
    }
    for title, shapes in sets.items():
        if given.only in (None, title):
            few = title in ("known", "untuned")
            seeds = given.seeds if few else min(given.seeds, _SEEDS_AT_RANDOM)
            rows = {
                name: row(draw, given.problems, given.samples, seeds, given.dynamic)
                for name, draw in shapes().items()
            }
            table(title, rows, each=few)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
