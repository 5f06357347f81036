"""Choosing one of k samples without a verifier, beside coverage: how far selection falls behind as samples grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.best_of import best_of
from orchestrator.coverage import bootstrap, grid
from orchestrator.coverage.selection import voting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.ledger.reading.samples.outcomes import Outcomes
    from orchestrator.ledger.reading.samples.votes import Votes

MOST_SAMPLES = 2_000_000
"""Samples of a model up to which its answers are counted: a few seconds."""


def with_selection(document: dict[str, Any], models: Sequence[Outcomes]) -> dict[str, Any]:
    """The frontier's document with `selection` (majority vote) and `best_of` (by score) in every model: the rule, its
    points, and why it has none."""
    described = {
        one.alias: {**document["models"][one.alias], "selection": _majority(one), "best_of": best_of(one)}
        for one in models
        if one.alias in document["models"]
    }
    return {**document, "models": described}


def _majority(outcomes: Outcomes) -> dict[str, Any]:
    reason = _left_out(outcomes)
    if reason is None:
        from orchestrator.ledger.reading.samples.votes import read_votes

        votes = read_votes(outcomes)
        if any(len(one.counts) for one in votes):
            return {"rule": "majority", "points": _points(votes), "left_out": None}
        reason = "no sample has an extracted answer to vote with"
    return {"rule": "majority", "points": [], "left_out": reason}


def _left_out(outcomes: Outcomes) -> str | None:
    if not outcomes.n.sum():
        return "no sample has a verdict"
    if outcomes.first is not None:
        return "its problems stop at their first success, so that their samples are no fair vote"
    if outcomes.samples > MOST_SAMPLES:
        return f"it has {outcomes.samples:,} samples, and votes are counted up to {MOST_SAMPLES:,}"
    return None


def _points(votes: Sequence[Votes]) -> list[dict[str, Any]]:
    sizes = [int(one.counts.sum()) + one.silent for one in votes]
    ks = grid.shown(min(sizes))
    if not len(ks):
        return []
    draws = voting.draws_for(sum(sizes))
    values = np.array([voting.majority_at(one.counts, one.right, one.silent, ks, draws) for one in votes])
    low, high = bootstrap.coverage_band(values, bootstrap.resampled_means(values))
    return [
        {
            "k": int(ks[at]),
            "accuracy": float(values[:, at].mean()),
            "low": float(low[at]),
            "high": float(high[at]),
        }
        for at in range(len(ks))
    ]
