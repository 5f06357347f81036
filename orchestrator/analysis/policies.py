"""The `frontier` of the document: the policies that no other beats, chosen on one half of the problems and scored on
the other, so that the best of many does not flatter itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from orchestrator.analysis.finite import finite
from orchestrator.coverage import bootstrap
from orchestrator.coverage.frontier import Policy, best
from orchestrator.coverage.policy import Buyable, Offers, buyable, by_problem, halves, offers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.coverage.samples import Samples
    from orchestrator.ledger.reading.samples.outcomes import Axis, Outcomes

_ROUNDING = 1 + 1e-12
LEAST_TO_HALVE = 20
"""Problems; with fewer the halves say too little, and policies are chosen on all of them."""
Stop = Literal["none", "first_success"]


@dataclass(frozen=True, slots=True)
class Cap:
    """What a problem may cost, in the axis' unit. `average`: over problems, as expected. `hard`: the most expensive
    problem when a policy asks for all that it may, by the most expensive sample seen of it. None: no cap."""

    average: float | None = None
    hard: float | None = None

    def allows(self, of: Offers) -> np.ndarray[Any, np.dtype[np.bool_]]:
        allowed = np.ones(len(of.policies), bool)
        if self.average is not None:
            allowed &= of.cost <= self.average * _ROUNDING
        if self.hard is not None:
            allowed &= of.most <= self.hard * _ROUNDING
        return allowed


NO_CAP = Cap()


def policies(
    axis: Axis, models: Sequence[tuple[Outcomes, Samples]], warnings: list[str], cap: Cap = NO_CAP
) -> dict[str, list[dict[str, Any]]]:
    """`frontier`: over all policies. `frontier_without_stopping`: over those that need no verifier while they sample.
    Models are put on one frontier only by the problems that all of them have."""
    ready = [(o, s) for o, s in models if s.problems and not np.isnan(s.cost).any()]
    common = set[str].intersection(*(set(o.problems) for o, _ in ready)) if ready else set[str]()
    if any(len(common) != s.problems for _, s in ready):
        if not common:
            warnings.append("no problem is common to all models, so there is no frontier")
            return {"frontier": [], "frontier_without_stopping": []}
        warnings.append(
            f"models have different problems; the frontier is of what all have in common: {len(common):,}"
        )
    keys = (
        [key for key in ready[0][0].problems if key in common] if ready else []
    )  # its order: the same draws
    found = [_aligned(outcomes, samples, keys) for outcomes, samples in ready]
    bought = [model for model in found if model is not None]
    found_frontiers = {
        "frontier": _frontier(axis, bought, len(keys), None, cap),
        "frontier_without_stopping": _frontier(axis, bought, len(keys), "none", cap),
    }
    if bought and not found_frontiers["frontier"]:
        warnings.append("no policy solves anything within the cap, so the frontier is empty")
    return found_frontiers


def _aligned(outcomes: Outcomes, samples: Samples, keys: Sequence[str]) -> Buyable | None:
    place = {key: at for at, key in enumerate(outcomes.problems)}
    return buyable(outcomes.alias, samples.take(np.array([place[key] for key in keys], np.int64)))


def _frontier(
    axis: Axis, models: list[Buyable], problems: int, stop: Stop | None, cap: Cap
) -> list[dict[str, Any]]:
    if not models:
        return []
    whole = offers(models)
    allowed = np.array([stop is None or policy.stop == stop for policy in whole.policies])
    allowed &= cap.allows(whole)
    held_out: dict[int, tuple[float, float]] = {}
    chosen = allowed
    if problems >= LEAST_TO_HALVE:
        held_out = _scored_on_the_other_half(models, problems, allowed)
        chosen = np.zeros(len(allowed), bool)
        chosen[list(held_out)] = True
    kept = best(whole.cost, whole.coverage, chosen)
    return [_point(axis, whole, at, models, held_out.get(at)) for at in kept]


def _scored_on_the_other_half(
    models: list[Buyable], problems: int, allowed: np.ndarray[Any, np.dtype[np.bool_]]
) -> dict[int, tuple[float, float]]:
    """(cost, coverage) of each policy that one half or the other chose, on the half that did not choose it; if
    both did, the mean."""
    parts = [offers([model.take(half) for model in models]) for half in halves(problems)]
    scores: dict[int, list[tuple[float, float]]] = {}
    for chooser, judge in (parts, parts[::-1]):
        for at in best(chooser.cost, chooser.coverage, allowed):
            scores.setdefault(at, []).append((float(judge.cost[at]), float(judge.coverage[at])))
    return {at: (_mean(s[0] for s in found), _mean(s[1] for s in found)) for at, found in scores.items()}


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _point(
    axis: Axis, whole: Offers, at: int, models: list[Buyable], held_out: tuple[float, float] | None
) -> dict[str, Any]:
    policy = whole.policies[at]
    coverage, cost = by_problem(policy, models)
    low, high = bootstrap.coverage_band(coverage[:, None], bootstrap.resampled_means(coverage[:, None]))
    return {
        f"{axis}_per_problem": float(whole.cost[at]),
        "coverage": float(whole.coverage[at]),
        "low": finite(low[0]),
        "high": finite(high[0]),
        "policy": _policy(policy),
        f"{axis}_per_problem_p90": float(np.quantile(cost, 0.9)),
        f"{axis}_per_problem_most": float(whole.most[at]),
        f"held_out_{axis}_per_problem": None if held_out is None else held_out[0],
        "held_out_coverage": None if held_out is None else held_out[1],
    }


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "kind": policy.kind,
        "stop": policy.stop,
        "order": list(policy.order),
        "samples": dict(policy.samples),
    }
