"""A model's outcomes as the arrays that the estimators take, in the unit of the axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage import cost
from orchestrator.coverage.acceptance import Acceptance, FalsePasses
from orchestrator.coverage.samples import Samples
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orchestrator.ledger.reading.money.model_costs import ModelCosts
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes, Side


def unit_of(axis: Axis | Side) -> int:
    """What the ledger counts in, of one unit of the axis."""
    return PICO_PER_USD if axis == "usd" else 1


def per_sample(axis: str, value: float | None) -> dict[str, float | None]:
    """The key of what a sample costs; none where samples themselves are counted."""
    return {} if axis == "samples" else {f"{axis}_per_sample": value}


def samples_of(outcomes: Outcomes, unit: int = 1, false_pass: float | None = None) -> Samples:
    """Of the problems with a verdict, costs in `unit`s. `false_pass`: the share of wrong samples that a verifier would
    accept."""
    mean = cost.mean_cost(outcomes.cost, outcomes.costed) / unit
    failed = passed = None
    if outcomes.passed_cost is not None and outcomes.passed_costed is not None:
        passed = cost.mean_cost(outcomes.passed_cost, outcomes.passed_costed) / unit
        rest = outcomes.costed - outcomes.passed_costed
        failed = cost.mean_cost(outcomes.cost - outcomes.passed_cost, rest) / unit
    most = None if outcomes.most is None else outcomes.most / unit
    return Samples(
        outcomes.n,
        outcomes.c,
        mean,
        outcomes.first,
        failed,
        passed,
        most,
        None if outcomes.apart is None else cost.mean_cost(outcomes.apart, outcomes.costed) / unit,
        outcomes.packed,
        outcomes.lost,
        alike=outcomes.alike > 0 and 2 * outcomes.alike >= len(outcomes.problems),
        sure_k=outcomes.sure_k,
        chosen=outcomes.judged is not None and outcomes.judged.policy == "narrow",
        cluster=clusters_of(outcomes, outcomes.problems),
        verdict_cost=outcomes.verifier_pico / unit if unit == PICO_PER_USD else 0.0,
        acceptance=_acceptance(outcomes, false_pass),
    )


def clusters_of(outcomes: Outcomes | ModelCosts, keys: Sequence[str]) -> NDArray[np.int64] | None:
    """Which cluster each of the problems is of, in the order of the clusters' names; one that has none stands for
    itself. None where no problem has one."""
    if not outcomes.clusters or not keys:
        return None
    names = [(outcomes.clusters.get(key), key) for key in keys]
    kinds = [(1, key) if name is None else (0, name) for name, key in names]
    numbers = {kind: at for at, kind in enumerate(sorted(set(kinds)))}
    return np.array([numbers[kind] for kind in kinds], np.int64)


def _acceptance(outcomes: Outcomes, false_pass: float | None) -> Acceptance | FalsePasses | None:
    if false_pass is not None:
        return FalsePasses(outcomes.n, outcomes.c, false_pass, outcomes.first, outcomes.sure_k)
    of = outcomes.accepted
    return None if of is None else Acceptance(of.n, of.a, of.r, of.first, of.first_right, outcomes.sure_k)


def asked(outcomes: Outcomes) -> tuple[str, ...]:
    """The problems that were asked: those with a verdict, then those that lost all their samples."""
    return (*outcomes.problems, *outcomes.lost_whole)


def on(outcomes: Outcomes, samples: Samples, keys: Sequence[str], unit: int) -> Samples:
    """The problems `keys`, in this order. One that lost all its samples has n = 0, and costs what the others do where
    nothing of it is known."""
    place = {key: at for at, key in enumerate(outcomes.problems)}
    found = np.array([place.get(key, -1) for key in keys], np.int64)
    if (found >= 0).all():
        return samples.take(found)
    whole = found < 0
    usual = float(samples.cost.mean()) if samples.problems else np.nan
    gone = [outcomes.lost_whole[key] for key in keys if key not in place]
    lost = np.array([one.samples for one in gone], np.int64)
    paid = np.array([one.cost / one.costed / unit if one.costed else usual for one in gone])
    judged = samples.take(found[~whole])

    def filled(of: NDArray[Any] | None, values: NDArray[Any] | float) -> NDArray[Any] | None:
        if of is None:
            return None
        made = np.zeros(len(keys), of.dtype)
        made[~whole], made[whole] = of, values
        return made

    n, c, cost_, most = (
        filled(judged.n, 0),
        filled(judged.c, 0),
        filled(judged.cost, paid),
        filled(judged.most, paid),
    )
    apart, packed = filled(judged.apart, 0.0), filled(judged.packed, 1.0)
    assert n is not None
    assert c is not None
    assert cost_ is not None
    of_lost = judged.lost if judged.lost is not None else np.zeros_like(judged.n)
    return Samples(
        n,
        c,
        cost_,
        filled(judged.first, 0),
        filled(judged.failed_cost, np.nan),
        filled(judged.passed_cost, np.nan),
        most,
        apart,
        packed,
        filled(of_lost, lost),
        alike=samples.alike,
        sure_k=samples.sure_k,
        cluster=clusters_of(outcomes, keys),
    )
