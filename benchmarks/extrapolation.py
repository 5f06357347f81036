"""Coverage foretold at a hundred times the samples, against the truth of simulated problems:

    python -m benchmarks.extrapolation [--problems 128] [--samples 100] [--seeds 60] [--only known|untuned]
        [--dynamic]

One row a shape of pass rates: mean absolute error of ln coverage (and bias) of the power law by least squares on
coverage at 40 k (as the paper's, we suppose), of the same on ln(−ln coverage) at every k, of a beta-binomial by
maximum likelihood, and of manyfew's; then how often manyfew's 95% band held the truth of these problems and of all
problems of that shape, and its median width. Below: mean error over mean error of the power law.
With --dynamic the same number of attempts goes round robin to the problems that are still unsolved."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import scipy.optimize as scipy_optimize  # pyright: ignore[reportMissingTypeStubs]

from benchmarks.extrapolation_shapes import KNOWN, UNTUNED
from orchestrator.coverage import beta_binomial, grid, power_law
from orchestrator.coverage.extrapolate import extrapolate
from orchestrator.coverage.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from benchmarks.extrapolation_shapes import Draw

_scipy = cast("Any", scipy_optimize)
_FACTOR = 100
_POPULATION = 200_000


@dataclass
class Run:
    """Of one seed: the error of ln coverage by method, nan where it gave none; whether the band held, its width."""

    truth: float
    errors: list[float]
    held: float
    held_population: float
    width: float
    back_test_held: float


def by_curve_fit(samples: Samples, k: int) -> float:
    ks = grid.spaced(samples.largest_k, 40)
    coverage = samples.solved(ks).mean(axis=0)

    def law(ks: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
        return np.exp(a * ks**b)

    try:
        (a, b), _ = _scipy.curve_fit(law, ks.astype(float), coverage, p0=(-2.0, -0.3), maxfev=5000)
    except RuntimeError:
        return float("nan")
    return float(np.exp(a * float(k) ** b))


def by_log_log(samples: Samples, k: int) -> float:
    ks = np.arange(1, samples.largest_k + 1)
    fitted = power_law.fit(ks, samples.solved(ks).mean(axis=0))
    return float("nan") if isinstance(fitted, str) else float(fitted.coverage(np.array([k]))[0])


def by_beta_binomial(samples: Samples, k: int) -> float:
    fitted = beta_binomial.fit(samples.n, samples.c)
    if fitted is None or fitted.at_edge:
        return float("nan")
    log_a, log_b = np.array([fitted.log_a]), np.array([fitted.log_b])
    return float(-np.expm1(beta_binomial.log_unsolved(log_a, log_b, np.array([k]))[0, 0]))


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
    k = _FACTOR * n
    truth = float(np.mean(1 - (1 - rates) ** k))
    found = extrapolate(samples)
    told = [method(samples, k) for method in (by_curve_fit, by_log_log, by_beta_binomial)]
    if isinstance(found, str):
        nan = float("nan")
        return Run(truth, [*(np.log(told) - np.log(truth)), nan], nan, nan, nan, nan)
    at = int(np.flatnonzero(found.ks == k)[0])
    low, high = found.low[at], found.high[at]
    back_test = float("nan") if found.back_test is None else float(found.back_test.held)
    errors = [float(np.log(value) - np.log(truth)) for value in (*told, found.coverage[at])]
    inside = float(low <= truth <= high), float(low <= population <= high)
    return Run(truth, errors, *inside, float(high - low), back_test)


def table(title: str, shapes: Mapping[str, Draw], problems: int, n: int, seeds: int, dynamic: bool) -> None:
    print(f"\n{title}: {problems} problems, {n} samples -> k = {_FACTOR * n:,}, {seeds} seeds")
    print(
        "| shape | truth | power law, c | power law, ln ln | beta-binomial | manyfew | held | all | width | none |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    means: list[NDArray[np.float64]] = []
    rest: list[list[float]] = []
    for name, draw in shapes.items():
        many = draw(np.random.default_rng(10**6), _POPULATION)
        population = float(np.mean(1 - (1 - many) ** (_FACTOR * n)))
        runs = [one(draw, problems, n, seed, population, dynamic) for seed in range(seeds)]
        errors = np.array([run.errors for run in runs])
        none = int(np.isnan(errors[:, -1]).sum())
        means.append(np.nanmean(np.abs(errors), axis=0))
        held = [float(np.nanmean([getattr(run, key) for run in runs])) for key in ("held", "held_population")]
        width = float(np.nanmedian([run.width for run in runs]))
        rest.append([*held, width, float(np.nanmean([run.back_test_held for run in runs]))])
        cells = [
            f"{mean:.3f} ({bias:+.3f})"
            for mean, bias in zip(means[-1], np.nanmean(errors, axis=0), strict=True)
        ]
        truth = np.mean([run.truth for run in runs])
        print(
            f"| {name} | {truth:.3f} | {' | '.join(cells)} | {held[0]:.2f} | {held[1]:.2f} | {width:.3f} | {none} |"
        )
    mean, other = np.mean(means, axis=0), np.mean(rest, axis=0)
    cells = [f"{value:.4f}" for value in mean] + [f"{value:.3f}" for value in other[:3]]
    print(f"| mean | | {' | '.join(cells)} | |")
    print(f"over the power law's, c: {' '.join(f'{value / mean[0]:.2f}' for value in mean)}")
    print(f"over the power law's, ln ln: {' '.join(f'{value / mean[1]:.2f}' for value in mean)}")
    print(f"back-tests held: {other[3]:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=128)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--dynamic", action="store_true")
    parser.add_argument("--only", choices=("known", "untuned"))
    given = parser.parse_args()
    began = time.perf_counter()
    for title, shapes in (("known", KNOWN), ("untuned", UNTUNED)):
        if given.only in (None, title):
            table(title, shapes, given.problems, given.samples, given.seeds, given.dynamic)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
