"""Choosing one of k samples without a verifier, beside coverage: by a majority vote of their answers, and by the scores
of a reward model. How far each falls behind as samples grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.arrays import clusters_of
from orchestrator.coverage import bootstrap, grid
from orchestrator.coverage.selection import voting
from orchestrator.coverage.selection.best_of import best_of_at
from orchestrator.grammar import by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

MOST_SAMPLES = 2_000_000
"""Samples of a model up to which its answers or scores are read: a few seconds."""


def with_selection(document: dict[str, Any], models: Sequence[Outcomes]) -> dict[str, Any]:
    """The frontier's document with `selection` (majority vote) and `best_of` (by score) in every model: the rule, its
    points, and why it has none."""
    described = {
        one.alias: {**document["models"][one.alias], "selection": _majority(one), "best_of": _best_of(one)}
        for one in models
        if one.alias in document["models"]
    }
    return {**document, "models": described}


def _majority(outcomes: Outcomes) -> dict[str, Any]:
    reason = _left_out(outcomes, "no fair vote", "votes are counted up to")
    if reason is None:
        from orchestrator.ledger.reading.samples.votes import read_votes

        votes = read_votes(outcomes)
        if any(len(one.counts) for one in votes):
            sizes = [int(one.counts.sum()) + one.silent for one in votes]
            ks, draws = grid.shown(min(sizes)), voting.draws_for(sum(sizes))
            shares = [voting.majority_at(one.counts, one.right, one.silent, ks, draws) for one in votes]
            return _rule("majority", _points(ks, shares, clusters_of(outcomes, outcomes.problems)))
        reason = "no sample has an extracted answer to vote with"
    return _rule("majority", reason)


def _best_of(outcomes: Outcomes) -> dict[str, Any]:
    reason = _left_out(outcomes, "no fair choice", "scores are read of up to")
    if reason is None:
        from orchestrator.ledger.reading.samples.scores import read_scores

        scores = read_scores(outcomes)
        if scores.by_problem:
            ks = grid.shown(min(len(score) for score, _ in scores.by_problem))
            shares = [best_of_at(score, passed, ks) for score, passed in scores.by_problem]
            return _rule("best_of", _points(ks, shares, clusters_of(outcomes, outcomes.problems)))
        reason = "no sample has a score: `verify DB --verifier reward` asks a reward model"
        if scores.scored:
            reason = f"{scores.lacking:,} of its samples {by(scores.lacking, 'has', 'have')} no score yet"
    return _rule("best_of", reason)


def _left_out(outcomes: Outcomes, unfair: str, limit: str) -> str | None:
    if not outcomes.n.sum():
        if outcomes.judged is not None and outcomes.judged.policy is not None:
            return f"the policy {outcomes.judged.policy} chose its draws by outcomes"
        return "no sample has a verdict"
    if outcomes.first is not None:
        return f"its problems stop at their first success, so that their samples are {unfair}"
    if outcomes.samples > MOST_SAMPLES:
        return f"it has {outcomes.samples:,} samples, and {limit} {MOST_SAMPLES:,}"
    return None


def _rule(name: str, found: list[dict[str, Any]] | str) -> dict[str, Any]:
    """`found`: points, or why there are none."""
    if isinstance(found, str):
        return {"rule": name, "points": [], "left_out": found}
    return {"rule": name, "points": found, "left_out": None}


def _points(
    ks: NDArray[np.int64], shares: Sequence[NDArray[np.float64]], clusters: NDArray[np.int64] | None
) -> list[dict[str, Any]]:
    """`shares`: by problem, the share of draws of k that choose a right one, (ks,)."""
    if not len(ks):
        return []
    values = np.array(shares)
    low, high = bootstrap.coverage_band(
        values, bootstrap.resampled_means(values, clusters=clusters), clusters
    )
    return [
        {
            "k": int(k),
            "accuracy": float(values[:, at].mean()),
            "low": float(low[at]),
            "high": float(high[at]),
        }
        for at, k in enumerate(ks.tolist())
    ]
