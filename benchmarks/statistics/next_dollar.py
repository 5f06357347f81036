"""How much money uniform sampling needs for the error that `plan --next` reaches with a dollar's worth.

For each spread of pass rates, pilot and price ratio: draw problems, sample both models n times each, plan the next
money by the fitted spread, sample what was planned, estimate the difference of coverage as `frontier` does, and compare
with its truth on these problems; and once more with the money spent in four steps, planned anew after each. The same
with the money spent evenly, at several times the money, which tells how much of it brings the same error.
Run: python -m benchmarks.statistics.next_dollar [--runs 400]; next_until_solved.py has models asked until solved
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.extrapolation.shapes import beta, logit_normal, mixture
from orchestrator.coverage.allocation.fixed import Side, best, side, standard_error
from orchestrator.coverage.samples import Samples

PROBLEMS = 100
STEPS = (1, 4)
WORLDS = 25
_SURE = 1e7
"""Samples' worth of knowledge: the posterior is a point."""
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
    """`pilot` samples of each problem by both models come first; an expensive sample costs `ratio` cheap ones; `k`
    cheap ones are compared with one expensive one; the next money is `times` what the pilot cost."""

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


def spent_in(
    generator: np.random.Generator, world: Sequence[Model], money: float, steps: int
) -> tuple[float, float]:
    """(difference found, its expected standard error) once `money` is spent in equal steps, planned anew after each."""
    for step in range(steps):
        sides = tuple(side(Samples(n, c, cost), k) for _, cost, k, n, c in world)
        planned = best(sides, money / steps)
        assert planned.spent <= money / steps * (1 + 1e-9)
        if step == steps - 1:
            return difference(generator, world, planned.targets), planned.error
        world = [
            (p, cost, k, target, c + drawn(generator, p, target - n))
            for (p, cost, k, n, c), target in zip(world, planned.targets, strict=True)
        ]
    raise AssertionError


def one_run(generator: np.random.Generator, case: Case) -> tuple[list[tuple[float, bool]], list[float]]:
    """((error, whether the band holds the truth) by number of steps, errors of uniform at each power of the money)."""
    rates, costs = world_of(generator, case)
    ks = (case.k, 1)
    truth = float((1 - (1 - rates[0]) ** case.k).mean() - rates[1].mean())
    n = np.full(PROBLEMS, case.pilot, np.int64)
    world: list[Model] = [
        (p, cost, k, n, drawn(generator, p, n)) for p, cost, k in zip(rates, costs, ks, strict=True)
    ]
    money = case.times * case.pilot * float(sum(cost.sum() for cost in costs))
    planned: list[tuple[float, bool]] = []
    for steps in STEPS:
        found, expected = spent_in(generator, world, money, steps)
        planned.append((found - truth, abs(found - truth) <= 1.96 * expected))
    even: list[float] = []
    for power in POWERS:
        more = n + round(power * case.times * case.pilot)
        even.append(difference(generator, world, (more, more)) - truth)
    return planned, even


def row(case: Case, runs: int) -> str:
    generator = np.random.default_rng(7)
    found = [one_run(generator, case) for _ in range(runs)]
    all_even: Rates = np.array([errors for _, errors in found], np.float64)
    even: Rates = np.sqrt((all_even**2).mean(axis=0))
    told = [case.shape, f"{case.pilot}", f"{case.ratio:g}", f"{case.k}", f"{case.times:g} x"]
    for at in range(len(STEPS)):
        errors: Rates = np.array([planned[at][0] for planned, _ in found], np.float64)
        error = float(np.sqrt((errors**2).mean()))
        held = float(np.mean([planned[at][1] for planned, _ in found]))
        told += [needed(error, even), f"{float(errors.mean()) / error:+.2f}", f"{held:.3f}"]
    return " | ".join([*told, f"{bound(case):.2f} x"])


def bound(case: Case) -> float:
    """How many times the money uniform sampling takes for the error of the best plan that knows every pass rate: what
    no plan can beat, the first round being spent. Expected, so no sampling is needed."""
    generator = np.random.default_rng(7)
    powers = (*POWERS, 10.0, 20.0)
    least: list[float] = []
    even: list[list[float]] = []
    n = np.full(PROBLEMS, case.pilot, np.int64)
    for _ in range(WORLDS):
        rates, costs = world_of(generator, case)
        sides = tuple(
            Side(k, n, cost, p * _SURE, (1 - p) * _SURE)
            for p, cost, k in zip(rates, costs, (case.k, 1), strict=True)
        )
        money = case.times * case.pilot * float(sum(cost.sum() for cost in costs))
        least.append(best(sides, money).error ** 2)
        more = [n + round(power * case.times * case.pilot) for power in powers]
        even.append([standard_error(sides, (target, target)) ** 2 for target in more])
    errors = np.log(np.mean(np.array(even, np.float64), axis=0))
    at: Rates = np.interp(np.array([-np.log(np.mean(least))]), -errors, np.log(np.array(powers, np.float64)))
    return float(np.exp(at[0]))


def world_of(generator: np.random.Generator, case: Case) -> tuple[tuple[Rates, Rates], tuple[Rates, Rates]]:
    """(pass rates, costs of a sample) of the cheap model and the expensive one."""
    harder = np.clip(SHAPES[case.shape](generator, PROBLEMS), 1e-12, 1 - 1e-12)
    odds = 4 * harder / (1 - harder)  # the expensive model solves the same problems more readily
    length = np.exp(0.3 * generator.standard_normal(PROBLEMS))
    return (harder, odds / (1 + odds)), (length, case.ratio * length)


def needed(error: float, even: Rates) -> str:
    """How many times the money uniform sampling takes; its error falls with the money: straight in logs between the
    powers tried."""
    if error < even[-1]:
        return f">{POWERS[-1]:.2f} x"
    at: Rates = np.interp(np.array([-np.log(error)]), -np.log(even), np.log(np.array(POWERS, np.float64)))
    return f"{float(np.exp(at[0])):.2f} x"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    runs: int = parser.parse_args().runs
    print(
        "shape | first round | price ratio | k | money | at once: needs | bias/error | band holds | "
        "in four steps: needs | bias/error | band holds | with rates known"
    )
    for shape, (pilot, ratio, k), times in product(SHAPES, PILOTS, (1.0, 4.0)):
        print(row(Case(shape, pilot, ratio, k, times), runs), flush=True)


if __name__ == "__main__":
    main()
