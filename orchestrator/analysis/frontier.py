"""The document of `manyfew frontier --json`: counts in, plain data out. Whatever draws the frontier draws this."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.about import about, clustered, ranked
from orchestrator.analysis.acceptance import with_acceptance
from orchestrator.analysis.advice import advice, best_buys
from orchestrator.analysis.arrays import per_sample, samples_of, unit_of
from orchestrator.analysis.comparisons import comparisons, solved_by_one
from orchestrator.analysis.finite import finite
from orchestrator.analysis.money.cost_of_pass import costs_of_pass, log_failure, to_reach
from orchestrator.analysis.policies import NO_CAP, Cap, policies
from orchestrator.analysis.study import FrontierStudy, warn_of_samples
from orchestrator.coverage import bootstrap, cost, grid, passk
from orchestrator.coverage.attempts import attempts_cost
from orchestrator.coverage.extrapolation import power_law
from orchestrator.coverage.extrapolation.extrapolate import BackTest, extrapolate
from orchestrator.grammar import many
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.coverage.samples import Samples
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes

_FIT_POINTS = 40


@dataclass(frozen=True, slots=True)
class Curve:
    """Coverage at the k that are shown, (ks,) each; `every`: all k are right; `cost` a problem's at k, nan if not
    known."""

    ks: np.ndarray[Any, np.dtype[np.int64]]
    coverage: np.ndarray[Any, np.dtype[np.float64]]
    low: np.ndarray[Any, np.dtype[np.float64]]
    high: np.ndarray[Any, np.dtype[np.float64]]
    every: np.ndarray[Any, np.dtype[np.float64]]
    cost: np.ndarray[Any, np.dtype[np.float64]]
    cost_low: np.ndarray[Any, np.dtype[np.float64]]
    cost_high: np.ndarray[Any, np.dtype[np.float64]]


def frontier_document(
    models: Sequence[Outcomes],
    axis: Axis,
    cap: Cap = NO_CAP,
    false_pass: tuple[float, float] | None = None,
    problems: int | None = None,
) -> dict[str, Any]:
    """CONTRACT's `frontier --json`: no NaN, null with a warning instead. `false_pass`: the least and the largest share
    of wrong samples that a verifier would accept; policies are scored at their mean. `problems`: how many `budget` is
    for; None: these."""
    unit = unit_of(axis)
    rate = None if false_pass is None else sum(false_pass) / 2
    study = FrontierStudy(axis, [(one, samples_of(one, unit, rate)) for one in models])
    if not models:
        study.warnings.append("there are no models in the ledger")
    described = {one.alias: _model(study, one, samples, unit) for one, samples in study.models}
    chosen = policies(study.axis, study.models, study.warnings, cap, problems)
    document: dict[str, Any] = {
        "axis": axis,
        "models": described,
        "frontier": chosen["frontier"],
        "comparisons": comparisons(study.axis, study.models, study.warnings),
        "warnings": study.warnings,
        "frontier_without_stopping": chosen["frontier_without_stopping"],
        "solved_by_one": solved_by_one(study.models),
        "cap": {"average": cap.average, "hard": cap.hard},
        "budget": chosen["budget"],
        "routing_bound": chosen["routing_bound"],
        **ranked(study),
        "clusters": clustered(study),
    }
    _warn_if_nothing_solved(study)
    document["best_buys"] = best_buys(document["frontier"], study.axis)
    document["about"] = about(study, len(document["comparisons"]))
    return with_acceptance({**document, "advice": advice(document)}, study, false_pass)


def _warn_if_nothing_solved(study: FrontierStudy) -> None:
    judged = [one for one, samples in study.models if samples.problems]
    if not judged or any(one.c.any() for one in judged):
        return
    kinds = sorted({one.verifier for one in judged if one.verifier is not None})
    verifier = f"the verifier ({', '.join(kinds)})" if kinds else "the verifier"
    problems = len({key for one in judged for key in one.problems})
    told = f"no sample of any model is right on {many(problems, 'problem')}, so there is nothing to advise"
    study.warnings.insert(0, f"{told}: check what {verifier} takes for an answer")


def _model(study: FrontierStudy, outcomes: Outcomes, samples: Samples, unit: int) -> dict[str, Any]:
    axis, counted = study.axis, int(outcomes.n.sum())
    warn_of_samples(study, outcomes, samples)
    shown = curve(samples)
    extrapolation = _extrapolation(study, outcomes, samples)
    return {
        "problems": samples.problems,
        "samples": counted,
        **per_sample(axis, sample_cost(outcomes, samples, unit)),
        "coverage": [
            {
                "k": int(shown.ks[i]),
                "coverage": float(shown.coverage[i]),
                "low": finite(shown.low[i]),
                "high": finite(shown.high[i]),
                f"{axis}_per_problem": finite(shown.cost[i]),
                f"{axis}_per_problem_low": finite(shown.cost_low[i]),
                f"{axis}_per_problem_high": finite(shown.cost_high[i]),
                f"log_failure_per_{axis}": log_failure(float(shown.coverage[i]), finite(shown.cost[i])),
                "all": finite(shown.every[i]),
            }
            for i in range(len(shown.ks))
        ],
        "power_law": _power_law(study, outcomes, samples),
        "extrapolation": extrapolation,
        **costs_of_pass(axis, outcomes, samples, unit, study.warnings.append),
        "to_reach": to_reach(axis, samples, extrapolation),
        "lost": {
            "no_verdict": outcomes.samples - counted,
            "failed": outcomes.failed,
            "problems": len(outcomes.lost_whole),
        },
        **({"verifier_usd_per_sample": outcomes.verifier_pico / PICO_PER_USD} if axis == "usd" else {}),
    }


def sample_cost(outcomes: Outcomes, samples: Samples, unit: int) -> float | None:
    """All over all; but where outcomes chose how many samples a problem has, each problem counts alike."""
    costed = int(outcomes.costed.sum())
    if not costed:
        return None
    return float(np.nanmean(samples.cost)) if samples.chosen else float(outcomes.cost.sum() / unit / costed)


def curve(samples: Samples) -> Curve:
    """At the k that are shown, up to the largest that every problem has samples for."""
    ks = grid.shown(samples.largest_k)
    if not len(ks):
        nothing = np.array([], np.float64)
        return Curve(ks, *[nothing] * 7)
    values = samples.solved(ks)
    low, high = bootstrap.coverage_band(
        values, bootstrap.resampled_means(values, clusters=samples.cluster), samples.cluster
    )
    if samples.first is None:
        every = passk.all_pass(samples.n, samples.c, ks).mean(axis=0)
        each, band = cost.cost_of_k(samples.cost, ks), cost.cost_band(samples.cost, ks, samples.cluster)
    else:
        every, paid = np.full(len(ks), np.nan), attempts_cost(samples, ks)
        each, band = paid.mean(axis=0), cost.paid_band(paid, samples.cluster)
    return Curve(ks, values.mean(axis=0), low, high, every, each, *band)


def _power_law(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> dict[str, float] | None:
    ks = grid.spaced(samples.largest_k, _FIT_POINTS)
    if not len(ks):
        return None
    fitted = power_law.fit(ks, samples.solved(ks).mean(axis=0))
    if isinstance(fitted, str):
        if outcomes.c.any():  # else that it solved nothing is told
            study.warn(outcomes, f"no power law: {fitted}")
        return None
    return {"a": fitted.a, "b": fitted.b}


def _extrapolation(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> dict[str, Any] | None:
    if not samples.problems:
        return None
    found = extrapolate(samples)
    if isinstance(found, str):
        if outcomes.c.any():
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
