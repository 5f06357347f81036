"""What a model's passes cost, and what it takes to reach a wanted coverage."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.finite import finite
from orchestrator.coverage import cost
from orchestrator.coverage.search import search
from orchestrator.grammar import by, many, part_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.coverage.samples import Samples
    from orchestrator.coverage.search import Search
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes

WANTED = (0.5, 0.8, 0.9, 0.95, 0.99)
_MOST_BIAS = 0.1
"""Of a standard error, for what rests on the draws that a policy's outcomes did not choose. A ratio over few passes is
biased by their relative deviation, sqrt((1 − pass rate) / passes), to first order (Cochran 1977, section 6.8)."""

Warn = Callable[[str], None]


def costs_of_pass(axis: Axis, outcomes: Outcomes, samples: Samples, unit: int, warn: Warn) -> dict[str, Any]:
    """CONTRACT's cost of a pass, with a band over problems; both ends null without a pass in some draws. Null where a
    policy leaves too few passes for an estimate."""
    passes = int(outcomes.c.sum())
    few = _are_few(outcomes, passes)
    complete = not outcomes.uncosted and not few
    of_pass = cost.cost_of_pass(outcomes.total_cost / unit, passes) if complete else None
    low = high = None
    if of_pass is not None:
        paid, brought = samples.cost * outcomes.n, outcomes.c.astype(np.float64)
        # with what bought no sample
        share = of_pass * passes / paid.sum() if paid.sum() else 1.0
        if samples.chosen:  # outcomes chose how many samples a problem has: each problem counts alike
            paid, brought = samples.cost, brought / outcomes.n
            of_pass = float(share * paid.sum() / brought.sum())
        found = cost.cost_of_pass_band(paid, brought, samples.cluster)
        low, high = (finite(value * share) for value in found)
    mean = None if few else cost.cost_of_pass_problem_mean(samples.cost, outcomes.n, outcomes.c)
    if samples.problems and not passes:
        warn(f"{outcomes.alias} solved nothing, so it has no cost per solved problem")
    elif few:
        are = by(passes, "is", "are")
        text = f"{outcomes.alias}: {many(passes, 'pass')} among the draws that can be counted {are} too few"
        warn(f"{text} to tell what one costs without bias")
    elif samples.problems and mean is None:
        unsolved = int((outcomes.c == 0).sum())
        text = f"{outcomes.alias} never solved {part_of(unsolved, samples.problems, 'problem')}"
        warn(f"{text}, so it has no average cost per solved problem")
    return {
        f"cost_of_pass_{axis}": of_pass,
        f"cost_of_pass_problem_mean_{axis}": None if mean is None else finite(mean),
        f"cost_of_pass_{axis}_low": low,
        f"cost_of_pass_{axis}_high": high,
    }


def _are_few(outcomes: Outcomes, passes: int) -> bool:
    if outcomes.judged is None or outcomes.judged.policy is None or not passes:
        return False
    failed = 1 - passes / int(outcomes.n.sum())
    return failed / passes > _MOST_BIAS**2


def to_reach(axis: Axis, samples: Samples, extrapolation: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The fewest samples a problem, and their cost, for each wanted coverage: as sampled, else between the points of
    the extrapolation, straight in ln k; null if that does not reach it either."""
    found = None if np.isnan(samples.cost).any() else search(samples)
    points: Sequence[Mapping[str, Any]] = extrapolation["points"] if extrapolation else []
    rows: list[dict[str, Any]] = []
    for wanted in WANTED:
        k = None if found is None else found.fewest(wanted)
        beyond = k is None
        if found is not None and k is None:
            k = _between(wanted, [(found.largest, found.at(found.largest))], points)
        rows.append(
            {
                "coverage": wanted,
                "k": k,
                f"{axis}_per_problem": _paid(found, samples, k),
                "extrapolated": beyond and k is not None,
            }
        )
    return rows


def _paid(found: Search | None, samples: Samples, k: int | None) -> float | None:
    if k is None or found is None or k > found.largest:
        return None if k is None else float(k * samples.cost.mean())
    return found.cost_at(k)


def _between(
    wanted: float, last: Sequence[tuple[int, float]], points: Sequence[Mapping[str, Any]]
) -> int | None:
    known = [*last, *((point["k"], point["coverage"]) for point in points)]
    for (k, below), (then, above) in pairwise(known):
        if below < wanted <= above:
            share = (wanted - below) / (above - below)
            return int(np.ceil(k * (then / k) ** share))
    return None


def log_failure(coverage: float, paid: float | None) -> float | None:
    """How much of the log of the chance to solve nothing a unit of cost takes away: -ln(1 - coverage) / cost. Of
    independent problems alike it would be the same at every k; that it falls shows how much harder the rest is. Null
    if all is solved."""
    if not paid or coverage >= 1.0:
        return None
    return float(-np.log1p(-coverage) / paid)
