"""How much money uniform sampling needs for the error that `plan --next` reaches with a dollar's worth.

For each spread of pass rates, pilot and price ratio: draw problems, sample both models n times each, plan the next
money by the fitted spread, sample what was planned, estimate the difference of coverage as `frontier` does, and compare
with its truth on these problems. The same with the money spent evenly, at several times the money, which tells how much
of it brings the same error. Run: python -m benchmarks.next_dollar [--runs 400]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.extrapolation_shapes import beta, logit_normal, mixture
from orchestrator.coverage.allocate import best, side
from orchestrator.coverage.samples import Samples

PROBLEMS = 100
POWERS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
PILOTS = ((20, 10.0, 5), (50, 20.0, 10), (50, 4.0, 4))
SHAPES = {
    "Beta(.4,3)": beta(0.4, 3),
    "Beta(.2,5)": beta(0.2, 5),
    ".3*Beta(.4,1)": beta(0.4, 1, 0.3),
    "logitN(-4,3)": logit_normal(-4, 3),
    "15% zeros": mixture((0.85, beta(0.8, 3))),
    "two kinds": mixture((0.6, beta(0.3, 30)), (0.4, beta(5, 2))),
}


Counts = NDArray[np.int64]
Rates = NDArray[np.float64]
Model = tuple[Rates, Rates, int, Counts, Counts]
"""(pass rates, cost of a sample, k, samples there, passes among them)"""


@dataclass(frozen=True)
class Case:
    """`pilot` samples of each problem by both models come first; a dear sample costs `ratio` cheap ones; `k` cheap ones
    are compared with one dear one; the next money is `times` what the pilot cost."""

    shape: str
    pilot: int
    ratio: float
    k: int
    times: float


def drawn(generator: np.random.Generator, p: Rates, n: Counts) -> Counts:
    return np.asarray(generator.binomial(n, p), np.int64)


def difference(generator: np.random.Generator, world: Sequence[Model], targets: Sequence[Counts]) -> float:
    """What `frontier` would say once the targets are sampled: the pilot's samples are kept."""
    found: list[float] = []
    for (p, cost, k, n, c), target in zip(world, targets, strict=True):
        more = c + drawn(generator, p, target - n)
        found.append(float(Samples(target, more, cost).solved(np.array([k])).mean()))
    return found[0] - found[1]


def one_run(generator: np.random.Generator, case: Case) -> tuple[float, list[float], bool]:
    """(error as planned, errors of uniform at each power of the money, whether the band holds the truth)."""
    harder = SHAPES[case.shape](generator, PROBLEMS)
    inside = np.clip(harder, 1e-12, 1 - 1e-12)
    odds = 4 * inside / (1 - inside)  # the dear model solves the same problems more readily
    rates = (harder, odds / (1 + odds))
    length = np.exp(0.3 * generator.standard_normal(PROBLEMS))
    costs, ks = (length, case.ratio * length), (case.k, 1)
    truth = float((1 - (1 - rates[0]) ** case.k).mean() - rates[1].mean())
    n = np.full(PROBLEMS, case.pilot, np.int64)
    world: list[Model] = [
        (p, cost, k, n, drawn(generator, p, n)) for p, cost, k in zip(rates, costs, ks, strict=True)
    ]
    sides = tuple(side(Samples(n, c, cost), k) for _, cost, k, n, c in world)
    money = case.times * case.pilot * float(sum(cost.sum() for cost in costs))
    planned = best(sides, money)
    assert planned.spent <= money * (1 + 1e-9)
    error = difference(generator, world, planned.targets) - truth
    even: list[float] = []
    for power in POWERS:
        more = n + round(power * case.times * case.pilot)
        even.append(difference(generator, world, (more, more)) - truth)
    return error, even, abs(error) <= 1.96 * planned.error


def row(case: Case, runs: int) -> str:
    generator = np.random.default_rng(7)
    found = [one_run(generator, case) for _ in range(runs)]
    errors: Rates = np.array([error for error, _, _ in found], np.float64)
    planned = float(np.sqrt((errors**2).mean()))
    all_even: Rates = np.array([errors_of for _, errors_of, _ in found], np.float64)
    even: Rates = np.sqrt((all_even**2).mean(axis=0))
    # The error falls with the money: straight in logs between the powers tried.
    powers: Rates = np.log(np.array(POWERS, np.float64))
    at: Rates = np.interp(np.array([-np.log(planned)]), -np.log(even), powers)
    need = float(np.exp(at[0]))
    mark = ">" if planned < even[-1] else ""
    held = float(np.mean([held for *_, held in found]))
    return (
        f"{case.shape} | {case.pilot} | {case.ratio:g} | {case.k} | {case.times:g} | {planned:.5f} | {even[0]:.5f} | "
        f"{mark}{need:.2f} x | {float(errors.mean()) / planned:+.2f} | {held:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    runs: int = parser.parse_args().runs
    print(
        "shape | pilot | price ratio | k | money (pilots) | error planned | uniform | money uniform needs | "
        "bias/error | band holds"
    )
    for shape, (pilot, ratio, k), times in product(SHAPES, PILOTS, (1.0, 4.0)):
        print(row(Case(shape, pilot, ratio, k, times), runs), flush=True)


if __name__ == "__main__":
    main()
