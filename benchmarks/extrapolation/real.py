"""Coverage foretold at 10 and 100 times the samples, on real counts:

    python -m benchmarks.extrapolation.real COUNTS.csv [--draws 10] [--sets NAME,NAME] [--weights]

COUNTS.csv has a row a problem: `set`, `model`, `problem`, `n` samples, `c` of them right; with a column `first` (the
trial of the first right one, 0 if none) a model was sampled until solved. Of a model's samples 10, 100 and 1,000 a
problem are drawn without replacement (of stopped ones, the first so many count), and what they foretell is compared
with the unbiased coverage of all. A cell is a model, a number of samples drawn and a factor; draws for which manyfew
gives no line count for none. Printed by set: mean over cells of |ln error| and of the bias, of both power laws and of
manyfew, manyfew's error over the better law's, how often its 95% band held the truth, and its width; and the least
and the greatest of that ratio and of the bias, whichever one model is left out. With --weights also by set: the one
weight of the power law, the rest the laws' median, that would have had the least error in all cells, and that error
over the better law's."""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.extrapolation.others import by_curve_fit, by_log_log
from orchestrator.coverage import grid
from orchestrator.coverage.extrapolation import power_law, tail_fit
from orchestrator.coverage.extrapolation.extrapolate import extrapolate
from orchestrator.coverage.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DRAWN = (10, 100, 1000)
FACTORS = (10, 100)
_FAR_OFF = 1.0
"""ln error of a law that gives no figure."""
_WEIGHTS = np.linspace(0, 1, 41)


@dataclass(frozen=True, slots=True)
class Cell:
    """(draws, 3): ln error of the power law on c, of that on ln(−ln c), and of manyfew; (draws, 2): held, width;
    (draws, 2): ln error of the laws' median and of the power law from the sampled coverage on, if asked for."""

    model: str
    drawn: int
    factor: int
    errors: NDArray[np.float64]
    band: NDArray[np.float64]
    parts: NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("counts", type=Path)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--sets", default=None)
    parser.add_argument("--weights", action="store_true")
    given = parser.parse_args()
    wanted = None if given.sets is None else given.sets.split(",")
    print(
        "| set | drawn | factor | cells | on c | on ln(−ln c) | manyfew | bias | over the better law | held | width |"
    )
    print("|---" * 11 + "|")
    for name, models in read(given.counts).items():
        if wanted is None or name in wanted:
            cells = [
                cell
                for model, whole in models.items()
                for cell in cells_of(model, whole, given.draws, given.weights)
            ]
            for drawn, factor in sorted({(cell.drawn, cell.factor) for cell in cells}):
                line(name, drawn, factor, [c for c in cells if (c.drawn, c.factor) == (drawn, factor)])
            line(name, "all", "all", cells)
            without_one(name, cells)
            if given.weights and cells:
                best_weight(name, cells)


def read(path: Path) -> dict[str, dict[str, Samples]]:
    rows: dict[str, dict[str, list[tuple[int, int, int | None]]]] = defaultdict(lambda: defaultdict(list))
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            first = int(row["first"]) if row.get("first") else None
            rows[row["set"]][row["model"]].append((int(row["n"]), int(row["c"]), first))
    return {
        name: {model: _samples(counts) for model, counts in models.items()} for name, models in rows.items()
    }


def _samples(rows: list[tuple[int, int, int | None]]) -> Samples:
    n, c = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
    stopped = [row[2] for row in rows if row[2] is not None]
    if not stopped:
        return Samples(n, c, np.ones(len(rows)))
    first = np.array(stopped, np.int64)
    return Samples(np.where(first > 0, first, n), (first > 0).astype(np.int64), np.ones(len(rows)), first)


def cells_of(model: str, whole: Samples, draws: int, parts: bool = False) -> Iterator[Cell]:
    for drawn in DRAWN:
        ks = np.array([drawn * factor for factor in FACTORS if drawn * factor <= whole.largest_k])
        if not len(ks):
            continue
        truth = whole.solved(ks).mean(axis=0)
        found = [
            told
            for seed in range(draws)
            if (told := _told(few(whole, drawn, seed), ks, truth, parts)) is not None
        ]
        if found:
            together = np.array(found)
            for at in range(len(ks)):
                errors, band, apart = np.split(together[:, at], [3, 5], axis=1)
                yield Cell(model, drawn, FACTORS[at], errors, band, apart)


def few(whole: Samples, drawn: int, seed: int) -> Samples:
    """As if `drawn` had been sampled of each problem."""
    if whole.first is not None:
        first = np.where(whole.first <= drawn, whole.first, 0)
        n = np.where(first > 0, first, np.minimum(whole.n, drawn))
        return Samples(n, (first > 0).astype(np.int64), whole.cost, first)
    generator = np.random.default_rng(1000 * drawn + seed)
    n = np.minimum(whole.n, drawn)
    return Samples(n, generator.hypergeometric(whole.c, whole.n - whole.c, n).astype(np.int64), whole.cost)


def _told(
    samples: Samples, ks: NDArray[np.int64], truth: NDArray[np.float64], parts: bool
) -> list[list[float]] | None:
    found = extrapolate(samples)
    if isinstance(found, str) or not np.isin(ks, found.ks).all():
        return None
    apart = np.log(_parts(samples, ks) / truth) if parts else np.zeros((0, len(ks)))
    rows: list[list[float]] = []
    for i, (k, true) in enumerate(zip(ks.tolist(), truth.tolist(), strict=True)):
        at = int(np.flatnonzero(found.ks == k)[0])
        low, high = float(found.low[at]), float(found.high[at])
        told = [by_curve_fit(samples, k), by_log_log(samples, k), float(found.coverage[at])]
        errors = [float(np.log(value / true)) if value > 0 else _FAR_OFF for value in told]
        rows.append([*errors, float(low <= true <= high), high - low, *apart[:, i].tolist()])
    return rows


def _parts(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64]:
    left = tail_fit.fit(samples).unsolved(ks)
    sampled = grid.spaced(samples.largest_k, 40)
    coverage = samples.solved(sampled).mean(axis=0)
    last = sampled * 10 >= samples.largest_k
    law, laws = power_law.fit(sampled[last], coverage[last]), np.median(1 - left.mildly, axis=0)
    return np.array(
        [laws, laws if isinstance(law, str) else law.beyond(float(coverage[-1]), ks / samples.largest_k)]
    )


def without_one(name: str, cells: list[Cell]) -> None:
    models = {cell.model for cell in cells}
    if len(models) < 2:
        return
    left = [[cell for cell in cells if cell.model != model] for model in models]
    errors = [np.mean([np.abs(cell.errors).mean(axis=0) for cell in some], axis=0) for some in left]
    over = [error[2] / min(error[:2]) for error in errors]
    bias = [np.mean([cell.errors[:, 2].mean() for cell in some]) for some in left]
    print(
        f"{name}: without any one model {min(over):.2f} to {max(over):.2f} over the better law, "
        f"bias {min(bias):+.3f} to {max(bias):+.3f}"
    )


def best_weight(name: str, cells: list[Cell]) -> None:
    better = min(np.mean([np.abs(cell.errors[:, :2]).mean(axis=0) for cell in cells], axis=0))
    by_weight = [
        np.mean([np.abs(cell.parts @ np.array([1 - weight, weight])).mean() for cell in cells]) / better
        for weight in _WEIGHTS
    ]
    at = int(np.argmin(by_weight))
    print(
        f"{name}: best weight {_WEIGHTS[at]:.2f}, {by_weight[at]:.2f} of the better law's error; none",
        end=" ",
    )
    print(f"{by_weight[0]:.2f}, all {by_weight[-1]:.2f}")


def line(name: str, drawn: int | str, factor: int | str, cells: list[Cell]) -> None:
    if not cells:
        return
    error = np.mean([np.abs(cell.errors).mean(axis=0) for cell in cells], axis=0)
    bias = float(np.mean([cell.errors[:, 2].mean() for cell in cells]))
    held, width = np.mean([cell.band.mean(axis=0) for cell in cells], axis=0)
    print(
        f"| {name} | {drawn} | {factor} | {len(cells)} | {error[0]:.3f} | {error[1]:.3f} | {error[2]:.3f} | "
        f"{bias:+.3f} | {error[2] / min(error[:2]):.2f} | {held:.2f} | {width:.3f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
