"""How often what is said to settle an open comparison does: `python -m benchmarks.statistics.settle [RUNS] [PROBLEMS]`.

Two models on PROBLEMS problems, 4 to 32 samples each, prices up to 32 times apart. Of each table one open row is drawn,
and what it asks for is bought: of the samples alone, and with the problems that it asks for beside them."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.analysis.comparisons import coverage_beyond
from orchestrator.analysis.verdicts import Compared, Verdict, verdicts
from orchestrator.coverage.pairs.compare import compare
from orchestrator.coverage.samples import Samples
from orchestrator.coverage.search import search

MOST = 20
"""Times the problems: more are not bought here."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    ease: float
    spread: float
    price: float
    samples: int


def main(runs: int, problems: int) -> None:
    generator = np.random.default_rng(problems)
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(runs):
        models = _models(generator)
        rates = _rates(generator, models, problems)
        solved = [generator.binomial(m.samples, of) for m, of in zip(models, rates, strict=True)]
        rows, said = _table(models, solved)
        open_ = [(row, one) for row, one in zip(rows, said, strict=True) if one.what is not None]
        if open_:
            row, one = open_[generator.integers(len(open_))]
            _buy(generator, models, rates, solved, row, one, seen)
    print("| bought | tables | told |\n|---|---|---|")
    for what in sorted({what for what, _ in seen}):
        all_ = sum(n for (other, _), n in seen.items() if other == what)
        told = seen[what, "told"]
        print(f"| {what} | {all_} | {told / all_:.2f} |", flush=True)


def _buy(
    generator: np.random.Generator,
    models: list[Model],
    rates: list[Array],
    solved: list[NDArray[np.int64]],
    row: Compared,
    one: Verdict,
    seen: Counter[tuple[str, str]],
) -> None:
    wanted = one.what if one.then is None else one.then[0]
    found = re.search(r"([\d,]+) more problem", wanted or "")
    fresh = int(found[1].replace(",", "")) if found else 0
    if fresh > MOST * len(rates[0]):
        return
    far = f"up to {5 if fresh <= 5 * len(rates[0]) else MOST} times the problems"
    if one.because == "more samples":
        at = int(row.cheap)
        more = (row.row.affordable_k or 0) - models[at].samples
        models = [
            Model(m.ease, m.spread, m.price, m.samples + more * (i == at)) for i, m in enumerate(models)
        ]
        solved = [c + generator.binomial(more, rates[at]) if i == at else c for i, c in enumerate(solved)]
        seen["more samples alone", _told(models, solved, row)] += 1
        far = f"more samples, {far}" if fresh else ""
    if fresh:
        of_fresh = _rates(generator, models, fresh)
        added = [generator.binomial(m.samples, of) for m, of in zip(models, of_fresh, strict=True)]
        solved = [np.concatenate(both) for both in zip(solved, added, strict=True)]
        seen[far, _told(models, solved, row)] += 1


def _told(models: list[Model], solved: list[NDArray[np.int64]], of: Compared) -> str:
    rows, said = _table(models, solved)
    (answer,) = [
        one.answer
        for row, one in zip(rows, said, strict=True)
        if (row.cheap, row.row.expensive_k) == (of.cheap, of.row.expensive_k)
    ]
    return "open" if answer == "open" else "told"


def _models(generator: np.random.Generator) -> list[Model]:
    base = generator.uniform(-2, 1)
    prices = (1.0, 2 ** generator.uniform(0, 5))
    return [
        Model(
            base + generator.normal(), generator.uniform(0.3, 1.2), price, int(2 ** generator.integers(2, 6))
        )
        for price in prices
    ]


def _rates(generator: np.random.Generator, models: list[Model], problems: int) -> list[Array]:
    """Problems are as hard for both, but for each model's own spread."""
    hard = generator.normal(0, 1.8, problems)
    return [1 / (1 + np.exp(-(m.ease + hard + generator.normal(0, m.spread, problems)))) for m in models]


def _table(models: list[Model], solved: list[NDArray[np.int64]]) -> tuple[list[Compared], list[Verdict]]:
    sides = [
        Samples(np.full(len(c), m.samples), c, np.full(len(c), m.price))
        for m, c in zip(models, solved, strict=True)
    ]
    cheap, expensive = (search(side) for side in sides)
    assert cheap is not None
    assert expensive is not None
    keys = tuple(map(str, range(len(solved[0]))))
    rows = [
        Compared("0", "1", keys, row, cheap, expensive)
        for row in compare(cheap, expensive, coverage_beyond(sides[0]))
    ]
    return rows, verdicts(rows)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 300,
        int(sys.argv[2]) if len(sys.argv) > 2 else 30,
    )
