"""An imperfect verifier in the document: `accepted` and `delivered` beside coverage, and the k that draws stopped by
another set of verdicts say nothing of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.finite import finite
from orchestrator.coverage import bootstrap, cost, grid
from orchestrator.coverage.acceptance import FalsePasses
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orchestrator.analysis.study import FrontierStudy
    from orchestrator.coverage.acceptance import Acceptance
    from orchestrator.coverage.samples import Samples
    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

_PLATEAU = 0.05
"""Coverage that isn't delivered, from which on a warning says so."""


def with_acceptance(
    document: dict[str, Any], study: FrontierStudy, rates: tuple[float, float] | None
) -> dict[str, Any]:
    """`rates`: of wrong samples accepted, the least and the largest, where they are stated."""
    models = dict(document["models"])
    for outcomes, samples in study.models:
        accepts, by = samples.acceptance, outcomes.judged
        if by is not None and by.first_draws:
            _warn_of_stop(study, outcomes)
        if accepts is not None and outcomes.alias in models:
            model = models[outcomes.alias]
            rows = _rows(document["axis"], model["coverage"], samples, accepts, rates)
            models[outcomes.alias] = {**model, "coverage": rows}
            _warn_of_plateau(study, outcomes, rows)
    return {**document, "models": models}


def verdicts_document(models: Sequence[Outcomes], false_pass: tuple[float, float] | None) -> dict[str, Any]:
    """`about.verdicts`: the sets that are the truth and that accept, each once."""
    said: dict[str, Any] = {
        "truth": [],
        "accept": [],
        "false_pass": None if false_pass is None else list(false_pass),
    }
    for one in models:
        if one.judged is None:
            continue
        for role, of in (("truth", one.judged.truth), ("accept", one.judged.accept)):
            if of is not None:
                about = {"name": of.name, "kind": of.kind, "version": of.version, "options": dict(of.options)}
                said[role] += [about] if about not in said[role] else []
    return said


def _rows(
    axis: str,
    rows: list[dict[str, Any]],
    samples: Samples,
    accepts: Acceptance | FalsePasses,
    rates: tuple[float, float] | None,
) -> list[dict[str, Any]]:
    known = {row["k"]: row for row in rows}
    ks = np.union1d(np.array(list(known), np.int64), grid.shown(accepts.largest_k)).astype(np.int64)
    lacking = dict.fromkeys(rows[0], None) if rows else {}
    found: list[dict[str, Any]] = []
    paid = cost.cost_of_k(samples.cost, ks)
    within = ks[ks <= accepts.largest_k]
    shares = {
        name: _share(accepts, name, within, rates, samples.cluster) for name in ("accepted", "delivered")
    }
    for at, k in enumerate(ks.tolist()):
        row = known.get(k) or {**lacking, "k": k, "coverage": None, f"{axis}_per_problem": finite(paid[at])}
        of: dict[str, float | None] = {}
        for name, (mean, low, high) in shares.items():
            here = at < len(within)
            of |= {
                name: float(mean[at]) if here else None,
                f"{name}_low": float(low[at]) if here else None,
                f"{name}_high": float(high[at]) if here else None,
            }
        found.append({**row, **of})
    return found


def _share(
    accepts: Acceptance | FalsePasses,
    name: str,
    ks: NDArray[np.int64],
    rates: tuple[float, float] | None,
    clusters: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(mean, low, high): the 95% band over problems, and over the stated rates."""
    nothing = np.array([], np.float64)
    if not len(ks):
        return nothing, nothing, nothing
    several = (
        [accepts.at_rate(rate) for rate in rates]
        if isinstance(accepts, FalsePasses) and rates is not None
        else [accepts]
    )
    lows: list[NDArray[np.float64]] = []
    highs: list[NDArray[np.float64]] = []
    for one in several:
        values = np.clip(getattr(one, name)(ks), 0.0, 1.0)
        low, high = bootstrap.coverage_band(
            values, bootstrap.resampled_means(values, clusters=clusters), clusters
        )
        lows.append(low)
        highs.append(high)
    mean = np.clip(getattr(accepts, name)(ks), 0.0, 1.0).mean(axis=0)
    return mean, np.min(lows, axis=0), np.max(highs, axis=0)


def _warn_of_stop(study: FrontierStudy, outcomes: Outcomes) -> None:
    by = outcomes.judged
    assert by is not None
    truth = "this set" if by.truth is None else safe(by.truth.name, 60)
    stopped = "another set" if by.stopped_by is None else safe(by.stopped_by.name, 60)
    study.warn(
        outcomes,
        f"its draws were stopped by the verdicts of {stopped}, so by {truth} only each problem's first draw is a fair "
        "one: coverage is known for k = 1 alone",
    )


def _warn_of_plateau(study: FrontierStudy, outcomes: Outcomes, rows: list[dict[str, Any]]) -> None:
    """What a reader of coverage alone would take home."""
    known = [row for row in rows if row["coverage"] is not None and row["delivered"] is not None]
    if not known or known[-1]["coverage"] - known[-1]["delivered"] < _PLATEAU:
        return
    last = known[-1]
    study.warn(
        outcomes,
        f"at k = {last['k']:,} some sample is right for {last['coverage']:.1%} of problems, but the first accepted one "
        f"for {last['delivered']:.1%}: more samples don't help where a wrong one was accepted",
    )
