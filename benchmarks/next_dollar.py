"""How much money uniform sampling needs for the error that `plan --next` reaches with a dollar's worth.

For each spread of pass rates, pilot and price ratio: draw problems, sample both models n times each, plan the next
money by the fitted spread, sample what was planned, estimate the difference of coverage as `frontier` does, and compare
with its truth on these problems. The same with the money spent evenly, at several times the money, which tells how much
of it brings the same error. Run: python benchmarks/next_dollar.py [--runs 400]
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
from extrapolation_shapes import beta, logit_normal, mixture

from orchestrator.coverage.allocate import best, side
from orchestrator.coverage.samples import Samples

PROBLEMS = 100
SHAPES = {
    "Beta(.4,3)": beta(0.4, 3),
    "Beta(.2,5)": beta(0.2, 5),
    ".3*Beta(.4,1)": beta(0.4, 1, 0.3),
    "logitN(-4,3)": logit_normal(-4, 3),
    "15% zeros": mixture((0.85, beta(0.8, 3))),
    "two kinds": mixture((0.6, beta(0.3, 30)), (0.4, beta(5, 2))),
}


def draw(generator, p, n, c=None, before=None):
    """Passes of n samples of each problem; those there already are kept."""
    more = n if before is None else n - before
    found = generator.binomial(more, p)
    return found if c is None else c + found


def estimate(samples, k):
    return samples.solved(np.array([k]))[:, 0].mean()


def one_run(generator, shape, pilot, ratio, k, money_in_pilots, powers):
    """(squared error planned, squared errors of uniform at each power of the money, covered)."""
    harder = SHAPES[shape](generator, PROBLEMS)
    odds = np.clip(harder, 1e-12, 1 - 1e-12) / (1 - np.clip(harder, 1e-12, 1 - 1e-12)) * 4
    rates = [harder, odds / (1 + odds)]  # the dear model solves the same problems more readily
    length = np.exp(0.3 * generator.standard_normal(PROBLEMS))
    costs, ks = [length, ratio * length], [k, 1]
    truth = (1 - (1 - rates[0]) ** k).mean() - rates[1].mean()
    n = np.full(PROBLEMS, pilot)
    counts = [draw(generator, p, n) for p in rates]
    sides = tuple(side(Samples(n, c, cost), at) for c, cost, at in zip(counts, costs, ks, strict=True))
    money = money_in_pilots * pilot * sum(cost.sum() for cost in costs)
    planned = best(sides, money)
    assert planned.spent <= money * (1 + 1e-9)
    found = [
        estimate(Samples(t, draw(generator, p, t, c, n), cost), at)
        for t, p, c, cost, at in zip(planned.targets, rates, counts, costs, ks, strict=True)
    ]
    error = found[0] - found[1] - truth
    even = []
    for power in powers:
        t = n + round(power * money_in_pilots * pilot)
        got = [
            estimate(Samples(t, draw(generator, p, t, c, n), cost), at)
            for p, c, cost, at in zip(rates, counts, costs, ks, strict=True)
        ]
        even.append(got[0] - got[1] - truth)
    return error, even, abs(error) <= 1.96 * planned.error


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    powers = np.array([1, 1.5, 2, 2.5, 3, 4, 6])
    print(
        "shape | pilot | price ratio | k | money (pilots) | error planned | uniform | money uniform needs | "
        "bias/error | band holds"
    )
    for shape, (pilot, ratio, k), times in product(
        SHAPES, [(20, 10, 5), (50, 20, 10), (50, 4, 4)], [1.0, 4.0]
    ):
        generator = np.random.default_rng(7)
        found = [one_run(generator, shape, pilot, ratio, k, times, powers) for _ in range(runs)]
        errors = np.array([error for error, _, _ in found])
        planned = np.sqrt((errors**2).mean())
        even = np.sqrt((np.array([e for _, e, _ in found]) ** 2).mean(axis=0))
        # The error falls with the money: straight in logs between the powers tried.
        need = np.exp(np.interp(-np.log(planned), -np.log(even), np.log(powers)))
        mark = ">" if planned < even[-1] else ""
        print(
            f"{shape} | {pilot} | {ratio} | {k} | {times:g} | {planned:.5f} | {even[0]:.5f} | {mark}{need:.2f} x | "
            f"{errors.mean() / planned:+.2f} | {np.mean([held for *_, held in found]):.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
