"""What a ledger says of one comparison, and where more samples would narrow it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import cost, grid
from orchestrator.coverage.allocation.fixed import Side, best, side, standard_error, uniform
from orchestrator.coverage.allocation.until_solved import Attempts, attempts, open_error, reach
from orchestrator.coverage.samples import Samples
from orchestrator.errors import InputError
from orchestrator.ledger.reading.for_run.last_sweep import LastSweep, last_sweep
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from orchestrator.next_dollar.stopping_study import stopping_study
from orchestrator.next_dollar.types import MoreProblems, Named, Study, Z
from orchestrator.text.command import command
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes


def study(db: Path, usd: float, pair: tuple[str, str] | None) -> tuple[LastSweep, Study]:
    """Raises InputError if the ledger has nothing to compare."""
    sweep = last_sweep(db)
    models = [one for one in read_outcomes([db]) if one.sweep == sweep.name and one.definition is not None]
    if pair is not None:
        known = {one.alias: one for one in models}
        for alias in pair:
            if alias not in known:
                raise InputError("--pair", f"the ledger has no model {alias!r}", f"one of {', '.join(known)}")
        models = [known[alias] for alias in dict.fromkeys(pair)]
    for one in models:
        if one.judged is not None and one.judged.policy is not None:
            message = f"the policy {one.judged.policy} chose the samples of {one.alias} itself"
            raise InputError(
                str(db), message, "raise budget_usd and run the sweep again: it goes on from there"
            )
    if len(models) < 2:
        raise InputError(str(db), "there are not two models to compare", "run a sweep of two models first")
    found = [
        made
        for one, other in combinations(models, 2)
        if (one.first is None) == (other.first is None)
        and (made := _pair(one, other, set(sweep.problems), usd)) is not None
    ]
    if not found:
        if len({one.first is None for one in models}) == 2:
            message = "one model is sampled until solved and the other a fixed number of times"
            raise InputError(str(db), message, "compare two of one mode: --pair CHEAP EXPENSIVE")
        message = "no two models have problems in common with a verdict and a known cost above 0"
        raise InputError(str(db), message, f"look at {command('frontier {}', db)}")
    cheap, expensive, problems = min(found, key=_sureness)
    if isinstance(cheap.side, Attempts) and isinstance(expensive.side, Attempts):
        return sweep, stopping_study((cheap, expensive), (cheap.side, expensive.side), problems, usd)
    assert isinstance(cheap.side, Side)
    assert isinstance(expensive.side, Side)
    return sweep, _study((cheap, expensive), (cheap.side, expensive.side), problems, usd)


def _pair(
    one: Outcomes, other: Outcomes, asked: set[str], usd: float
) -> tuple[Named, Named, tuple[str, ...]] | None:
    """The cheaper first: as many of its samples as one of the expensive one's pays, at most as many as all problems
    have."""
    there = set(other.problems) & asked
    shared = tuple(key for key in one.problems if key in there)
    if not shared:
        return None
    pair = sorted(
        ((model.alias, _taken(model, shared)) for model in (one, other)), key=lambda m: m[1].cost.mean()
    )
    if any(not (samples.cost > 0).all() for _, samples in pair):  # nan is not, either
        return None
    (cheap, mine), (expensive, theirs) = pair
    if mine.first is not None:
        many, few = reach(attempts(mine, 1), attempts(theirs, 1), theirs.largest_k, usd)
        return (
            Named(alias=cheap, samples=mine, side=many),
            Named(alias=expensive, samples=theirs, side=few),
            shared,
        )
    k = max(1, min(int(theirs.cost.mean() / mine.cost.mean() * (1 + 1e-12)), mine.largest_k))
    return (
        Named(alias=cheap, samples=mine, side=side(mine, k)),
        Named(alias=expensive, samples=theirs, side=side(theirs, 1)),
        shared,
    )


def _taken(model: Outcomes, shared: Sequence[str]) -> Samples:
    place = {key: at for at, key in enumerate(model.problems)}
    mean = cost.mean_cost(model.cost, model.costed) / PICO_PER_USD
    return Samples(model.n, model.c, mean, model.first).take(
        np.array([place[key] for key in shared], np.int64)
    )


def _sureness(found: tuple[Named, Named, tuple[str, ...]]) -> float:
    """The difference in standard errors: the least sure of all pairs is the one to narrow."""
    cheap, expensive, _ = found
    if isinstance(cheap.side, Attempts) and isinstance(expensive.side, Attempts):
        error = open_error(
            (cheap.side, expensive.side), tuple(np.zeros_like(one.side.n) for one in (cheap, expensive))
        )
    else:
        sides = tuple(one.side for one in (cheap, expensive) if isinstance(one.side, Side))
        error = standard_error(sides, tuple(one.n for one in sides))
    gap = abs(float((cheap.by_problem - expensive.by_problem).mean()))
    return gap / error if error > 0 else np.inf


def _study(
    named: tuple[Named, Named], sides: tuple[Side, Side], problems: tuple[str, ...], usd: float
) -> Study:
    cheap, expensive = named
    planned, even = best(sides, usd), uniform(sides, usd)
    gap = cheap.by_problem - expensive.by_problem
    noise = float(sum(one.variance(one.n).mean() for one in sides))
    count = len(problems)
    spread = max(0.0, float(gap.var(ddof=1)) - noise) if count > 1 else 0.0
    return Study(
        stops=False,
        cheap=cheap,
        expensive=expensive,
        problems=problems,
        difference=float(gap.mean()),
        planned=planned,
        even=even,
        spread=spread,
        noise=noise,
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
