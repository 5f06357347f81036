"""Best of k by the samples' scores, beside coverage: what a reward model picks without a verifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage import bootstrap, grid
from orchestrator.coverage.selection.best_of import best_of_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orchestrator.ledger.reading.samples.outcomes import Outcomes

MOST_SAMPLES = 2_000_000


def best_of(outcomes: Outcomes) -> dict[str, Any]:
    """The rule, its points, and why it has none."""
    reason = _left_out(outcomes)
    if reason is None:
        from orchestrator.ledger.reading.samples.scores import read_scores

        scores = read_scores(outcomes)
        if scores.by_problem:
            return {"rule": "best_of", "points": _points(scores.by_problem), "left_out": None}
        reason = "no sample has a score: manyfew verify DB --verifier reward asks a reward model"
        if scores.scored:
            reason = f"{scores.lacking:,} of its samples have no score yet"
    return {"rule": "best_of", "points": [], "left_out": reason}


def _left_out(outcomes: Outcomes) -> str | None:
    if not outcomes.n.sum():
        return "no sample has a verdict"
    if outcomes.first is not None:
        return "its problems stop at their first success, so that their samples are no fair choice"
    if outcomes.samples > MOST_SAMPLES:
        return f"it has {outcomes.samples:,} samples, and scores are read of up to {MOST_SAMPLES:,}"
    return None


def _points(scores: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> list[dict[str, Any]]:
    ks = grid.shown(min(len(score) for score, _ in scores))
    if not len(ks):
        return []
    values = np.array([best_of_at(score, passed, ks) for score, passed in scores])
    low, high = bootstrap.coverage_band(values, bootstrap.resampled_means(values))
    return [
        {
            "k": int(k),
            "accuracy": float(values[:, at].mean()),
            "low": float(low[at]),
            "high": float(high[at]),
        }
        for at, k in enumerate(ks.tolist())
    ]
