"""The `frontier` of the document: the policies that no other beats, with figures corrected for having been chosen as
the best of many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from orchestrator.analysis.arrays import clusters_of
from orchestrator.analysis.finite import finite
from orchestrator.analysis.money.budget import budget
from orchestrator.coverage import bootstrap
from orchestrator.coverage.frontier import Policy, best
from orchestrator.coverage.policy import Buyable, Offers, buyable, by_problem, offers
from orchestrator.coverage.routing import routing_bound
from orchestrator.coverage.selected import Draws, corrected, draws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes

_ROUNDING = 1 + 1e-12
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
    axis: Axis,
    models: Sequence[tuple[Outcomes, Samples]],
    warnings: list[str],
    cap: Cap = NO_CAP,
    problems: int | None = None,
) -> dict[str, Any]:
    """`frontier`: over all policies. `frontier_without_stopping`: over those that need no verifier while they sample.
    `budget`: what rows of `frontier` cost and solve on so many `problems`; None: on these. `routing_bound`: of a router
    that knows each problem. Models are put on one frontier only by the problems that all of them have."""
    ready = [(o, s) for o, s in models if s.problems and not np.isnan(s.cost).any()]
    common = set[str].intersection(*(set(o.problems) for o, _ in ready)) if ready else set[str]()
    if any(len(common) != s.problems for _, s in ready):
        if not common:
            warnings.append("no problem is common to all models, so there is no frontier")
            return {"frontier": [], "frontier_without_stopping": [], "budget": [], "routing_bound": None}
        warnings.append(
            f"models have different problems; the frontier is of what all have in common: {len(common):,}"
        )
    keys = (
        [key for key in ready[0][0].problems if key in common] if ready else []
    )  # its order: the same draws
    taken = {outcomes.alias: _on(outcomes, samples, keys) for outcomes, samples in ready}
    bought = [model for alias, of in taken.items() if (model := buyable(alias, of)) is not None]
    clusters = clusters_of(ready[0][0], keys) if ready else None
    drawn = draws(bought, len(keys), clusters) if bought else None
    found_frontiers = {
        "frontier": (rows := _frontier(axis, bought, drawn, None, cap, clusters)),
        "budget": budget(axis, rows, _solved(rows, bought), problems or len(keys), clusters),
        "frontier_without_stopping": _frontier(axis, bought, drawn, "none", cap, clusters),
        "routing_bound": _routed(axis, taken, warnings),
    }
    if cap.hard is not None and rows:
        warnings.append(
            "the hard cap goes by the most expensive sample seen of each problem; one still to come may cost more"
        )
    if bought and not found_frontiers["frontier"] and any(outcomes.c.any() for outcomes, _ in models):
        within = "" if cap == NO_CAP else " within the cap"
        warnings.append(f"no policy solves anything{within}, so the frontier is empty")
    return found_frontiers


def _on(outcomes: Outcomes, samples: Samples, keys: Sequence[str]) -> Samples:
    place = {key: at for at, key in enumerate(outcomes.problems)}
    return samples.take(np.array([place[key] for key in keys], np.int64))


def _routed(axis: Axis, models: Mapping[str, Samples], warnings: list[str]) -> dict[str, float] | None:
    if len(models) < 2:
        return None
    found = routing_bound(models)
    if isinstance(found, str):
        warnings.append(f"no bound of what a router could save: {found}")
        return None
    return {f"{axis}_per_problem": found.cost, "coverage": found.coverage}


def _solved(rows: Sequence[dict[str, Any]], models: list[Buyable]) -> list[NDArray[np.float64]]:
    """The chance of each problem under each row's policy."""
    return [by_problem(_read(row["policy"]), models)[0] for row in rows]


def _read(policy: dict[str, Any]) -> Policy:
    return Policy(policy["kind"], policy["stop"], tuple(policy["order"]), policy["samples"])


def _frontier(
    axis: Axis,
    models: list[Buyable],
    drawn: Draws | None,
    stop: Stop | None,
    cap: Cap,
    clusters: NDArray[np.int64] | None,
) -> list[dict[str, Any]]:
    if not models:
        return []
    whole = offers(models)
    allowed = np.array([stop is None or policy.stop == stop for policy in whole.policies])
    allowed &= cap.allows(whole)
    kept = best(whole.cost, whole.coverage, allowed)
    if not kept:
        return []
    cost, coverage = whole.cost[kept], whole.coverage[kept]
    if drawn is not None:
        cost, coverage = corrected(drawn, allowed, cost, coverage)
    within = np.ones(len(kept), bool) if cap.average is None else cost <= cap.average * _ROUNDING
    still = best(cost, coverage, within if within.any() else ~within)
    each = [by_problem(whole.policies[kept[at]], models) for at in still]
    solved = np.column_stack([row for row, _ in each])
    means = bootstrap.resampled_means(solved, clusters=clusters)
    bands = np.column_stack(bootstrap.coverage_band(solved, means, clusters))
    errors = (means[:, -1:] - means).std(axis=0)
    return [
        _point(axis, whole, kept[at], (float(cost[at]), float(coverage[at])), bands[place], each[place][1])
        | {"short_of_most_error": float(errors[place])}
        for place, at in enumerate(still)
    ]


def _point(
    axis: Axis,
    whole: Offers,
    at: int,
    figures: tuple[float, float],
    band: NDArray[np.float64],
    paid: NDArray[np.float64],
) -> dict[str, Any]:
    """`figures`: cost and coverage, corrected for having been chosen; the band moves with them."""
    cost, coverage = figures
    low, high = band.tolist()
    moved = coverage - float(whole.coverage[at])
    return {
        f"{axis}_per_problem": cost,
        "coverage": coverage,
        "low": finite(max(0.0, low + moved)),
        "high": finite(max(coverage, high + moved)),
        "policy": _policy(whole.policies[at]),
        f"{axis}_per_problem_p90": float(np.quantile(paid, 0.9)),
        f"{axis}_per_problem_most": float(whole.most[at]),
        f"sampled_{axis}_per_problem": float(whole.cost[at]),
        "sampled_coverage": float(whole.coverage[at]),
    }


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "kind": policy.kind,
        "stop": policy.stop,
        "order": list(policy.order),
        "samples": dict(policy.samples),
    }
