"""How much money other ways of going on need for what `plan --next` settles, of models that are asked until solved.

For each spread of pass rates and first round: draw problems, ask both models until solved or up to a cap, plan a share
of the money that would settle everything up to the counts compared, go on as planned, and compare the difference then
told (what is open at its chance by the fitted spread) with what going on to the end finds on these very problems. The
same with every unsolved problem of both models taken as much further (`uniform`), and with only those that are open
(`open alike`), at several times the money. Run: python -m benchmarks.statistics.next_until_solved [--runs 400]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.statistics.next_dollar import PROBLEMS, SHAPES
from orchestrator.coverage.allocation.until_solved import Attempts, alike, attempts, reach, settle
from orchestrator.coverage.samples import Samples

Counts = NDArray[np.int64]
Rates = NDArray[np.float64]
POWERS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
ROUNDS = ((20, 2, 20.0), (20, 5, 10.0), (50, 10, 10.0))


@dataclass(frozen=True)
class Case:
    """Up to `cheap` and `expensive` attempts came first; an expensive one costs `ratio` cheap ones; the next money is
    `share` of what settling everything is expected to cost."""

    shape: str
    cheap: int
    expensive: int
    ratio: float
    share: float


def told(sides: tuple[Attempts, ...], targets: tuple[Counts, ...], firsts: tuple[Counts, ...]) -> float:
    """The difference as `plan --next` would tell it once the targets are tried; `firsts`: at which attempt a problem
    falls, if it is asked without end."""
    found: list[float] = []
    for one, target, first in zip(sides, targets, firsts, strict=True):
        fallen = np.where(first <= target, first, 0)
        after = Samples(np.where(fallen > 0, fallen, target), (fallen > 0).astype(np.int64), one.cost, fallen)
        found.append(float(attempts(after, one.k).solved().mean()))
    return found[0] - found[1]


def open_alike(sides: tuple[Attempts, ...], money: float) -> tuple[Counts, ...]:
    """As many more at every problem that is open, at most up to k."""

    def price(more: int) -> float:
        return sum(float(one.price(np.minimum(one.left, more)).sum()) for one in sides)

    low, high = 0, max(int(one.left.max()) for one in sides) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if price(middle) <= money else (low, middle)
    return tuple(one.n + np.minimum(one.left, low) for one in sides)


def one_run(generator: np.random.Generator, case: Case) -> tuple[float, list[float], list[float], bool]:
    """(error as planned, errors of uniform and of open alike at each power, whether the band holds the truth)."""
    harder = np.clip(SHAPES[case.shape](generator, PROBLEMS), 1e-9, 1 - 1e-9)
    odds = 4 * harder / (1 - harder)
    length = np.exp(0.3 * generator.standard_normal(PROBLEMS))
    firsts: list[Counts] = []
    found: list[Attempts] = []
    for rate, cost, cap in (
        (harder, length, case.cheap),
        (odds / (1 + odds), case.ratio * length, case.expensive),
    ):
        first = np.asarray(generator.geometric(rate), np.int64)
        seen = np.where(first <= cap, first, 0)
        n = np.where(seen > 0, seen, cap)
        found.append(attempts(Samples(n, (seen > 0).astype(np.int64), cost, seen), 1))
        firsts.append(first)
    sides = reach(found[0], found[1], case.expensive, 0.0)
    both = (firsts[0], firsts[1])
    truth = float((both[0] <= sides[0].k).mean() - (both[1] <= sides[1].k).mean())
    money = case.share * sum(float(one.price(one.left).sum()) for one in sides)
    planned = settle(sides, money)
    error = told(sides, planned.targets, both) - truth
    even = [told(sides, alike(sides, power * money).targets, both) - truth for power in POWERS]
    open_ = [told(sides, open_alike(sides, power * money), both) - truth for power in POWERS]
    # Problems come whole: half of one's weight belongs to the band.
    held = abs(error) <= 1.96 * planned.error + 0.5 / PROBLEMS
    return error, even, open_, held


def needed(error: float, others: Rates) -> str:
    """How many times the money; straight in the squares of errors, which fall to 0 with it."""
    if error < others[-1]:
        return f">{POWERS[-1]:.2f} x"
    at = int(np.argmax(others <= error))
    if not at:
        return "1.00 x"
    before, after = others[at - 1] ** 2, others[at] ** 2
    share = float((before - error**2) / (before - after))
    return f"{POWERS[at - 1] + share * (POWERS[at] - POWERS[at - 1]):.2f} x"


def row(case: Case, runs: int) -> str:
    generator = np.random.default_rng(7)
    found = [one_run(generator, case) for _ in range(runs)]
    errors: Rates = np.array([error for error, *_ in found], np.float64)
    error = float(np.sqrt((errors**2).mean()))
    ways = [np.sqrt((np.array([one[way] for one in found], np.float64) ** 2).mean(axis=0)) for way in (1, 2)]
    held = float(np.mean([one[3] for one in found]))
    told_ = [
        case.shape,
        f"{case.cheap} and {case.expensive}",
        f"{case.ratio:g}",
        f"{case.share:g}",
        f"{100 * error:.2f}",
    ]
    told_ += [needed(error, way) for way in ways] + [f"{float(errors.mean()) / error:+.2f}", f"{held:.3f}"]
    return " | ".join(told_)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    runs: int = parser.parse_args().runs
    print(
        "shape | first round, at most | price ratio | share of the money that settles all | error, points | "
        "uniform needs | open alike needs | bias/error | band holds"
    )
    for shape, (cheap, expensive, ratio), share in product(SHAPES, ROUNDS, (0.25, 0.5)):
        print(row(Case(shape, cheap, expensive, ratio, share), runs), flush=True)


if __name__ == "__main__":
    main()
