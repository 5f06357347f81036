"""The document of `manyfew frontier --json`: counts in, plain data out. Whatever draws the frontier draws this."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.advice import advice
from orchestrator.analysis.comparisons import comparisons, solved_by_one
from orchestrator.analysis.cost_of_pass import costs_of_pass, log_failure, to_reach
from orchestrator.analysis.finite import finite
from orchestrator.analysis.policies import NO_CAP, Cap, policies
from orchestrator.analysis.waste import waste_warning
from orchestrator.coverage import bootstrap, cost, grid
from orchestrator.coverage.extrapolation import power_law
from orchestrator.coverage.extrapolation.extrapolate import BackTest, extrapolate
from orchestrator.coverage.samples import Samples
from orchestrator.text.money import usd
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.ledger.reading.samples.outcomes import Axis, Outcomes

_FIT_POINTS = 40


@dataclass(frozen=True, slots=True)
class Curve:
    """Coverage at the k that are shown, (ks,) each; `cost` a problem's at k, nan if not known."""

    ks: np.ndarray[Any, np.dtype[np.int64]]
    coverage: np.ndarray[Any, np.dtype[np.float64]]
    low: np.ndarray[Any, np.dtype[np.float64]]
    high: np.ndarray[Any, np.dtype[np.float64]]
    cost: np.ndarray[Any, np.dtype[np.float64]]
    cost_low: np.ndarray[Any, np.dtype[np.float64]]
    cost_high: np.ndarray[Any, np.dtype[np.float64]]


@dataclass(slots=True)
class FrontierStudy:
    """The models as arrays in the axis' unit, and what had to be said about them."""

    axis: Axis
    models: list[tuple[Outcomes, Samples]]
    warnings: list[str] = field(default_factory=list[str])

    def warn(self, outcomes: Outcomes, text: str) -> None:
        self.warnings.append(f"{outcomes.alias}: {text}")


def frontier_document(models: Sequence[Outcomes], axis: Axis, cap: Cap = NO_CAP) -> dict[str, Any]:
    """CONTRACT's `frontier --json`: no NaN, null with a warning instead."""
    unit = PICO_PER_USD if axis == "usd" else 1
    study = FrontierStudy(axis, [(one, samples_of(one, unit)) for one in models])
    if not models:
        study.warnings.append("there are no models in the ledger")
    described = {one.alias: _model(study, one, samples, unit) for one, samples in study.models}
    chosen = policies(study.axis, study.models, study.warnings, cap)
    document = {
        "axis": axis,
        "models": described,
        "frontier": chosen["frontier"],
        "comparisons": comparisons(study.axis, study.models, study.warnings),
        "warnings": study.warnings,
        "frontier_without_stopping": chosen["frontier_without_stopping"],
        "solved_by_one": solved_by_one(study.models),
        "cap": {"average": cap.average, "hard": cap.hard},
    }
    return {**document, "advice": advice(document)}


def samples_of(outcomes: Outcomes, unit: int = 1) -> Samples:
    """The arrays that the estimators take, with costs in `unit`s."""
    mean = cost.mean_cost(outcomes.cost, outcomes.costed) / unit
    return Samples(outcomes.n, outcomes.c, mean, outcomes.first)


def _model(study: FrontierStudy, outcomes: Outcomes, samples: Samples, unit: int) -> dict[str, Any]:
    axis, counted = study.axis, int(outcomes.n.sum())
    _warn_of_counts(study, outcomes, samples)
    curve = _curve(samples)
    extrapolation = _extrapolation(study, outcomes, samples)
    costed = int(outcomes.costed.sum())
    return {
        "problems": samples.problems,
        "samples": counted,
        f"{axis}_per_sample": float(outcomes.cost.sum() / unit / costed) if costed else None,
        "coverage": [
            {
                "k": int(curve.ks[i]),
                "coverage": float(curve.coverage[i]),
                "low": finite(curve.low[i]),
                "high": finite(curve.high[i]),
                f"{axis}_per_problem": finite(curve.cost[i]),
                f"{axis}_per_problem_low": finite(curve.cost_low[i]),
                f"{axis}_per_problem_high": finite(curve.cost_high[i]),
                f"log_failure_per_{axis}": log_failure(float(curve.coverage[i]), finite(curve.cost[i])),
            }
            for i in range(len(curve.ks))
        ],
        "power_law": _power_law(study, outcomes, samples),
        "extrapolation": extrapolation,
        **costs_of_pass(axis, outcomes, samples, unit, study.warnings.append),
        "to_reach": to_reach(axis, samples, extrapolation),
    }


def _warn_of_counts(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> None:
    counted = int(outcomes.n.sum())
    if not counted:
        remedy = "judge them with manyfew verify" if outcomes.samples else "sample them with manyfew run"
        there = (
            f"none of {outcomes.samples:,} samples has a verdict" if outcomes.samples else "it has no samples"
        )
        study.warn(outcomes, f"{there}, so nothing can be estimated: {remedy}")
        return
    if outcomes.samples > counted:
        open_ = outcomes.samples - counted
        study.warn(outcomes, f"{open_:,} of {outcomes.samples:,} samples have no verdict and don't count")
    if outcomes.without_verdict:
        asked = outcomes.without_verdict + samples.problems
        study.warn(
            outcomes, f"{outcomes.without_verdict:,} of {asked:,} problems have no verdict and are left out"
        )
    if samples.problems == 1:
        study.warn(outcomes, "one problem says almost nothing about others")
    _warn_of_largest_k(study, outcomes, samples)
    if study.axis == "flops" and outcomes.uncosted == outcomes.samples > 0:
        study.warn(
            outcomes,
            "its FLOPs are unknown: add architecture = { parameters, layers, width } to its table and run again",
        )
    elif np.isnan(samples.cost).any():
        lacking = int(np.isnan(samples.cost).sum())
        study.warn(
            outcomes,
            f"{lacking:,} problems have no sample with a known cost in {study.axis}, so its costs are unknown",
        )
    elif outcomes.uncosted:
        study.warn(
            outcomes,
            f"{outcomes.uncosted:,} samples have no known cost in {study.axis}; means leave them out",
        )
    if study.axis == "usd" and not outcomes.total_cost and outcomes.uncosted < outcomes.samples:
        study.warn(outcomes, "its samples cost $0 in the ledger")
    paid = int(outcomes.total_cost) + outcomes.presumed
    if (text := waste_warning(outcomes.alias, outcomes.presumed, outcomes.unused, paid)) is not None:
        study.warnings.append(text)
    if outcomes.presumed:
        study.warn(
            outcomes, f"its costs leave out {usd(outcomes.presumed)} for requests that may have been billed"
        )


def _warn_of_largest_k(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> None:
    largest = samples.largest_k
    open_n = outcomes.n if outcomes.first is None else outcomes.n[outcomes.first == 0]
    if len(open_n) and open_n.max() > largest:
        least = int((open_n == largest).sum())
        what = "problems" if outcomes.first is None else "unsolved problems"
        study.warn(
            outcomes,
            f"coverage ends at k = {largest:,}: {least:,} {what} have only that many samples with a verdict; "
            f"others have up to {int(open_n.max()):,}",
        )


def _curve(samples: Samples) -> Curve:
    ks = grid.shown(samples.largest_k)
    if not len(ks):
        nothing = np.array([], np.float64)
        return Curve(ks, *[nothing] * 6)
    values = samples.solved(ks)
    low, high = bootstrap.coverage_band(values, bootstrap.resampled_means(values))
    each = cost.cost_of_k(samples.cost, ks)
    return Curve(ks, values.mean(axis=0), low, high, each, *cost.cost_band(samples.cost, ks))


def _power_law(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> dict[str, float] | None:
    ks = grid.spaced(samples.largest_k, _FIT_POINTS)
    if not len(ks):
        return None
    fitted = power_law.fit(ks, samples.solved(ks).mean(axis=0))
    if isinstance(fitted, str):
        study.warn(outcomes, f"no power law: {fitted}")
        return None
    return {"a": fitted.a, "b": fitted.b}


def _extrapolation(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> dict[str, Any] | None:
    if not samples.problems:
        return None
    found = extrapolate(samples)
    if isinstance(found, str):
        study.warn(outcomes, f"no extrapolation: {found}")
        return None
    points = [
        {
            "k": int(found.ks[i]),
            "coverage": float(found.coverage[i]),
            "low": finite(found.low[i]),
            "high": finite(found.high[i]),
            "model_dependent": bool(found.model_dependent[i]),
        }
        for i in range(len(found.ks))
    ]
    return {"method": found.method, "points": points, "goodness": _goodness(found.back_test)}


def _goodness(test: BackTest | None) -> dict[str, Any] | None:
    """How well a tenth of the samples would have foretold the coverage of all; null with too few for that."""
    return None if test is None else asdict(test)
