"""How near any method could come, foretelling coverage at a hundred times the samples:

    python -m benchmarks.extrapolation.floor [--problems 128] [--samples 100] [--seeds 60]

Over a set of shapes, no method has a smaller expected mean |error of ln coverage| than the posterior median of somebody
who knows that the truth is one of just these shapes, each as likely (the Bayes estimate under this loss; Berger 1985,
section 4.4). One row a shape, one column a way of knowing: the shape itself; its set (six known or twelve untuned);
all eighteen; the eighteen, half the time with 5 to 30% of problems made unsolvable; these moved by -1, -.5, 0, .5 or 1
in the logit as well. The last two say how much is gone once the shapes are known but roughly. Then manyfew, which knows
none of this, and the power law fitted on c."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.extrapolation.others import by_curve_fit
from benchmarks.extrapolation.reach import farthest
from benchmarks.extrapolation.shapes import KNOWN, UNTUNED
from orchestrator.coverage.extrapolation.extrapolate import extrapolate
from orchestrator.coverage.samples import Samples
from orchestrator.coverage.special import gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.extrapolation.shapes import Draw

_STEP = 0.05
_LOGIT = np.arange(np.log(1e-9), 14.0, _STEP)
_MANY = 1_000_000
_DRAWS = 600
_LITTLE = 1e-5
"""The chance of staying unsolved below which it counts as none."""
_UNSOLVABLE = np.maximum(np.linspace(-0.25, 0.3, 12), 0)
"""None in half the cases, else 5 to 30%."""
_MOVES = np.rint(np.array([-1, -0.5, 0, 0.5, 1]) / _STEP).astype(int)


@dataclass(frozen=True)
class Knowledge:
    """Shapes as shares of problems, each as likely: `mass` (shapes, points + 1), at each logit and, last, at p = 0."""

    mass: NDArray[np.float64]

    def with_unsolvable(self) -> Knowledge:
        never = np.zeros(self.mass.shape[1])
        never[-1] = 1.0
        return Knowledge(np.concatenate([(1 - share) * self.mass + share * never for share in _UNSOLVABLE]))

    def moved(self) -> Knowledge:
        """Harder and easier. What is rolled around the grid's ends lies far from where it matters."""
        points, never = self.mass[:, :-1], self.mass[:, -1:]
        return Knowledge(np.concatenate([np.hstack([np.roll(points, by, 1), never]) for by in _MOVES]))


def of_shapes(*draws: Draw) -> Knowledge:
    mass = np.zeros((len(draws), len(_LOGIT) + 1))
    edges = np.append(_LOGIT, _LOGIT[-1] + _STEP) - _STEP / 2
    for row, draw in zip(mass, draws, strict=True):
        rates = draw(np.random.default_rng(99), _MANY)
        rates = np.clip(rates[rates > 0], 1e-9, 1 - 1e-6)
        row[:-1] = np.histogram(np.log(rates / (1 - rates)), edges)[0] / _MANY
        row[-1] = 1 - row[:-1].sum()
    return Knowledge(mass)


@dataclass(frozen=True)
class Sight:
    """What n samples show, and k leave unsolved, at each point of Knowledge.mass. `seen`: (n + 1, points + 1)."""

    seen: NDArray[np.float64]
    unsolved: NDArray[np.float64]


def sight(n: int, k: int) -> Sight:
    log_rate, log_miss = -np.logaddexp(0.0, -_LOGIT), -np.logaddexp(0.0, _LOGIT)
    c = np.arange(n + 1, dtype=np.int64)
    log_ways = gammaln(n + 1.0) - gammaln(c + 1) - gammaln(n - c + 1)
    seen = np.exp(log_ways[:, None] + c[:, None] * log_rate + (n - c)[:, None] * log_miss)
    return Sight(np.hstack([seen, c[:, None] == 0]), np.append(np.exp(k * log_miss), 1.0))


class Knower:
    """Foretells the coverage of the problems that have such counts."""

    def __init__(self, known: Knowledge, sight: Sight) -> None:
        self._mass, self._sight = known.mass, sight
        self._chance = known.mass @ sight.seen.T
        unsolved = known.mass @ (sight.seen * sight.unsolved).T
        self._matters = unsolved > _LITTLE * self._chance

    def median(self, counts: NDArray[np.int64]) -> float:
        """Of the posterior: draws of the shape by the likelihood of all counts, then of every rate."""
        times = np.bincount(counts, minlength=len(self._sight.seen))
        log_weight = np.log(np.maximum(self._chance, 1e-300)) @ times
        weight = np.cumsum(np.exp(log_weight - log_weight.max()))
        spaced = (np.arange(_DRAWS) + 0.5) / _DRAWS * weight[-1]
        drawn = np.asarray(np.searchsorted(weight, spaced), np.int64)
        generator = np.random.default_rng(0)
        unsolved = [
            self._unsolved(generator, shape, times, repeats)
            for shape, repeats in zip(*np.unique(drawn, return_counts=True), strict=True)
        ]
        return float(1 - np.median(np.concatenate(unsolved)) / len(counts))

    def _unsolved(
        self, generator: np.random.Generator, shape: int, times: NDArray[np.int64], repeats: int
    ) -> NDArray[np.float64]:
        left = np.zeros(repeats)
        for c in np.flatnonzero((times > 0) & self._matters[shape]):
            rates = np.cumsum(self._mass[shape] * self._sight.seen[c])
            place = generator.random((repeats, times[c])) * rates[-1]
            at = np.minimum(np.asarray(np.searchsorted(rates, place), np.int64), len(rates) - 1)
            left += self._sight.unsolved[at].sum(axis=1)
        return left


def errors(draw: Draw, knowers: list[Knower], problems: int, n: int, seeds: int) -> NDArray[np.float64]:
    """Mean |error of ln coverage| by knower, then manyfew's and the power law's."""
    k = farthest(n)
    found: list[list[float]] = []
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        rates = draw(generator, problems)
        counts = generator.binomial(n, rates)
        samples = Samples(np.full(problems, n), counts, np.ones(problems))
        told = [knower.median(counts) for knower in knowers]
        ours = extrapolate(samples)
        told += [
            float("nan") if isinstance(ours, str) else float(ours.coverage[-1]),
            by_curve_fit(samples, k),
        ]
        found.append(list(np.log(told) - np.log(np.mean(1 - (1 - rates) ** k))))
    return np.nanmean(np.abs(found), axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=128)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=60)
    given = parser.parse_args()
    shown = sight(given.samples, farthest(given.samples))
    eighteen = of_shapes(*KNOWN.values(), *UNTUNED.values())
    roughly = eighteen.with_unsolvable()
    wide = [Knower(known, shown) for known in (eighteen, roughly, roughly.moved())]
    print("| shape | itself | its set | all 18 | with unsolvable | moved, too | manyfew | power law, c |")
    print("|---|---|---|---|---|---|---|---|")
    for title, shapes in (("six", KNOWN), ("twelve", UNTUNED)):
        its_set = Knower(of_shapes(*shapes.values()), shown)
        rows: list[NDArray[np.float64]] = []
        for name, draw in shapes.items():
            knowers = [Knower(of_shapes(draw), shown), its_set, *wide]
            rows.append(errors(draw, knowers, given.problems, given.samples, given.seeds))
            print(f"| {name} | {' | '.join(f'{value:.3f}' for value in rows[-1])} |", flush=True)
        mean = np.mean(rows, axis=0)
        print(f"| mean of the {title} | {' | '.join(f'{value:.4f}' for value in mean)} |")
        print(f"| over the power law's | {' | '.join(f'{value / mean[-1]:.2f}' for value in mean)} |")


if __name__ == "__main__":
    main()
