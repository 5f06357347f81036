"""What a ledger says of one comparison, and where more samples would narrow it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage import cost, grid
from orchestrator.coverage.allocate import Allocation, Side, best, side, standard_error, uniform
from orchestrator.coverage.samples import Samples
from orchestrator.errors import InputError
from orchestrator.ledger.last_sweep import LastSweep, last_sweep
from orchestrator.ledger.outcomes import read_outcomes
from orchestrator.report.money import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from orchestrator.ledger.outcomes import Outcomes

Z = 1.959964
"""Of a 95% band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A model on the shared problems."""

    alias: str
    samples: Samples
    side: Side

    @property
    def by_problem(self) -> NDArray[np.float64]:
        return self.samples.solved(np.array([self.side.k]))[:, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreProblems:
    """What the same money does for the band over problems if it buys new ones, `samples` of each by either model."""

    problems: int
    samples: int
    half_width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The difference is coverage of the cheap model's k less the dear one's. Half-widths are of 95% bands: `given`, of
    these problems, which more samples narrow without end; `over`, over problems, which they narrow to `over_limit`."""

    cheap: Named
    dear: Named
    problems: tuple[str, ...]
    difference: float
    planned: Allocation
    even: Allocation
    given_now: float
    over_now: float
    over_planned: float
    over_limit: float
    more: MoreProblems | None

    @property
    def given_planned(self) -> float:
        return Z * self.planned.error

    @property
    def given_even(self) -> float:
        return Z * self.even.error


def study(db: Path, usd: float, pair: tuple[str, str] | None) -> tuple[LastSweep, Study]:
    """Raises InputError where the ledger has nothing to compare."""
    sweep = last_sweep(db)
    models = [one for one in read_outcomes([db]) if one.sweep == sweep.name and one.definition is not None]
    if pair is not None:
        known = {one.alias: one for one in models}
        for alias in pair:
            if alias not in known:
                raise InputError("--pair", f"the ledger has no model {alias!r}", f"one of {', '.join(known)}")
        models = [known[alias] for alias in dict.fromkeys(pair)]
    if len(models) < 2:
        raise InputError(str(db), "there are not two models to compare", "run a sweep of two models first")
    for one in models:
        if one.first is not None:
            message = f"{one.alias} stops at its first success, so more samples of a solved problem are not to be had"
            raise InputError(str(db), message, 'compare models sampled with mode = "uniform"')
    found = [
        made
        for one, other in combinations(models, 2)
        if (made := _pair(one, other, set(sweep.problems))) is not None
    ]
    if not found:
        message = "no two models have problems in common with a verdict and a known cost above 0"
        raise InputError(str(db), message, "look at manyfew frontier")
    cheap, dear, problems = min(found, key=_sureness)
    return sweep, _study(cheap, dear, problems, usd)


def _pair(one: Outcomes, other: Outcomes, asked: set[str]) -> tuple[Named, Named, tuple[str, ...]] | None:
    """The cheaper first: as many of its samples as one of the dear one's pays, at most as many as all problems have."""
    there = set(other.problems) & asked
    shared = tuple(key for key in one.problems if key in there)
    if not shared:
        return None
    pair = sorted(
        ((model.alias, _taken(model, shared)) for model in (one, other)), key=lambda m: m[1].cost.mean()
    )
    if any(not (samples.cost > 0).all() for _, samples in pair):  # nan is not, either
        return None
    (cheap, mine), (dear, theirs) = pair
    k = max(1, min(int(theirs.cost.mean() / mine.cost.mean() * (1 + 1e-12)), mine.largest_k))
    return (
        Named(alias=cheap, samples=mine, side=side(mine, k)),
        Named(alias=dear, samples=theirs, side=side(theirs, 1)),
        shared,
    )


def _taken(model: Outcomes, shared: Sequence[str]) -> Samples:
    place = {key: at for at, key in enumerate(model.problems)}
    mean = cost.mean_cost(model.cost, model.costed) / PICO_PER_USD
    return Samples(model.n, model.c, mean).take(np.array([place[key] for key in shared], np.int64))


def _sureness(found: tuple[Named, Named, tuple[str, ...]]) -> float:
    """The difference in standard errors: the least sure of all pairs is the one to narrow."""
    cheap, dear, _ = found
    sides = (cheap.side, dear.side)
    error = standard_error(sides, tuple(one.n for one in sides))
    gap = abs(float((cheap.by_problem - dear.by_problem).mean()))
    return gap / error if error > 0 else np.inf


def _study(cheap: Named, dear: Named, problems: tuple[str, ...], usd: float) -> Study:
    sides = (cheap.side, dear.side)
    planned, even = best(sides, usd), uniform(sides, usd)
    gap = cheap.by_problem - dear.by_problem
    noise, left = (
        float(sum(one.variance(n).mean() for one, n in zip(sides, targets, strict=True)))
        for targets in (tuple(one.n for one in sides), planned.targets)
    )
    count = len(problems)
    spread = max(0.0, float(gap.var(ddof=1)) - noise) if count > 1 else 0.0
    return Study(
        cheap=cheap,
        dear=dear,
        problems=problems,
        difference=float(gap.mean()),
        planned=planned,
        even=even,
        given_now=Z * float(np.sqrt(noise / count)),
        over_now=Z * float(np.sqrt((spread + noise) / count)),
        over_planned=Z * float(np.sqrt((spread + left) / count)),
        over_limit=Z * float(np.sqrt(spread / count)),
        more=_more(sides, spread, noise, usd) if count > 1 else None,
    )


def _more(sides: tuple[Side, Side], spread: float, noise: float, usd: float) -> MoreProblems | None:
    """New problems are taken to be like those at hand."""
    count = len(sides[0].n)
    each = float(sum(one.cost.mean() for one in sides))
    options: list[MoreProblems] = []
    for n in grid.shown(int(min(one.n.min() for one in sides))).tolist():
        bought = int(usd / (n * each))
        if n < sides[0].k or not bought:
            continue
        new = sum(float(one.variance(np.full(count, n, np.int64)).mean()) for one in sides)
        total = count * (spread + noise) + bought * (spread + new)
        options.append(
            MoreProblems(problems=bought, samples=n, half_width=Z * float(np.sqrt(total)) / (count + bought))
        )
    return min(options, key=lambda option: option.half_width, default=None)


def document(found: Study, usd: float) -> dict[str, Any]:
    """`plan --next --json`."""
    return {
        "next_usd": usd,
        "expected_usd": found.planned.spent,
        "comparison": {
            "cheap": found.cheap.alias,
            "cheap_k": found.cheap.side.k,
            "dear": found.dear.alias,
            "dear_k": found.dear.side.k,
            "problems": len(found.problems),
            "difference": found.difference,
        },
        "half_width": {"now": found.given_now, "planned": found.given_planned, "uniform": found.given_even},
        "half_width_over_problems": {
            "now": found.over_now,
            "planned": found.over_planned,
            "limit": found.over_limit,
            "more_problems": None
            if found.more is None
            else {
                "problems": found.more.problems,
                "samples": found.more.samples,
                "half_width": found.more.half_width,
            },
        },
        "models": {
            one.alias: _model(one, found.problems, targets)
            for one, targets in zip((found.cheap, found.dear), found.planned.targets, strict=True)
        },
    }


def _model(one: Named, problems: Sequence[str], targets: NDArray[np.int64]) -> dict[str, Any]:
    more = targets - one.side.n
    return {
        "samples": int(more.sum()),
        "problems": int((more > 0).sum()),
        "expected_usd": float((more * one.side.cost).sum()),
        "by_problem": [
            {"problem": key, "there": int(n), "samples": int(n + added)}
            for key, n, added in zip(problems, one.side.n, more, strict=True)
            if added
        ],
    }
