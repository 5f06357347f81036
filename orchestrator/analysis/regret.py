"""How far a steered run stayed behind the same rule told the true spread of pass rates.

The spread is fitted to draws that no outcome steered (`measure`), so that what steered the run has no part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.ledger.reading.outcomes.verdict_counts import verdict_counts
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

LEAST_VERDICTS = 20
MOST_POINTS = 20


def regret(db: Path, models: Sequence[Outcomes], realised: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`foretold`, for points of `realised`, and `regret`, at its end; null without such draws."""
    from orchestrator.scheduler.policy.foretold import Stand, told_the_spread

    aliases = [one.alias for one in models]
    held_back = verdict_counts(db, aliases, measured=True)
    there = verdict_counts(db, aliases)
    drawn = sum(right + wrong for counts in held_back.values() for right, wrong in counts)
    if drawn < LEAST_VERDICTS or not realised:
        return {"foretold": None, "regret": None}
    problems = max(len(one.problems) + one.without_verdict for one in models)
    costs = [float(one.total_cost) / max(1, one.samples) / PICO_PER_USD for one in models]
    nothing = ((0, 0),) * len(models)
    stand = Stand(
        counts=[nothing] * problems, cost=costs, most=[_most(there, at) for at in range(len(models))]
    )
    shown: list[int] = np.unique(np.linspace(0, len(realised) - 1, MOST_POINTS).astype(np.int64)).tolist()
    points = [realised[at] for at in shown]
    bands = told_the_spread(stand, list(held_back.values()), [float(point["usd"]) for point in points])
    last = bands[-1]
    solved = int(points[-1]["solved"])
    return {
        "foretold": [
            {"usd": point["usd"], "solved": band.solved, "low": band.low, "high": band.high}
            for point, band in zip(points, bands, strict=True)
        ],
        "regret": {
            "solved": last.solved - solved,
            "low": last.low - solved,
            "high": last.high - solved,
            "problems": problems,
        },
    }


def _most(there: Mapping[str, tuple[tuple[int, int], ...]], model: int) -> int:
    """Samples that a problem may get: no fewer than one got."""
    return max((sum(counts[model]) for counts in there.values()), default=1) or 1
