"""`plan --next --json`."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from orchestrator.next_dollar.types import Named, Study

_MOST_PARTS = 4


def document(found: Study, usd: float, file: Path | None = None) -> dict[str, Any]:
    """Plain data; of models that are sampled until solved, `stop` is first_success. `file`: where the sweep that buys
    it is written."""
    return {
        "next_usd": usd,
        "expected_usd": found.planned.spent,
        "comparison": {
            "cheap": found.cheap.alias,
            "cheap_k": found.cheap.side.k,
            "expensive": found.expensive.alias,
            "expensive_k": found.expensive.side.k,
            "problems": len(found.problems),
            "stop": "first_success" if found.stops else "none",
            "difference": found.difference,
        },
        "parts": 1 if found.stops else _parts(found, usd),
        "settles_all_usd": found.settles_all,
        "half_width": {"now": found.given_now, "planned": found.given_planned, "uniform": found.given_even},
        "half_width_over_problems": {
            "now": found.over_now,
            "planned": found.over_planned,
            "limit": found.over_limit,
            "more_problems": None
            if found.more is None
            else {
                "problems": found.more.problems,
                "samples": found.more.samples,
                "half_width": found.more.half_width,
            },
        },
        "models": {
            one.alias: _model(one, found.problems, targets)
            for one, targets in zip((found.cheap, found.expensive), found.planned.targets, strict=True)
        },
        "file": None if file is None else str(file),
    }


def _parts(found: Study, usd: float) -> int:
    """In how many to spend it, planned anew after each: none of them more than what is there cost, and at most four
    (docs/next-dollar-savings.md has what that saves)."""
    there = sum(float((one.side.n * one.side.cost).sum()) for one in (found.cheap, found.expensive))
    return min(_MOST_PARTS, max(1, ceil(usd / there)))


def _model(one: Named, problems: Sequence[str], targets: NDArray[np.int64]) -> dict[str, Any]:
    """When sampled until solved, `samples` are upper limits: a problem ends at its first success."""
    more = targets - one.side.n
    return {
        "samples": int(more.sum()),
        "problems": int((more > 0).sum()),
        "expected_usd": float(one.side.price(more).sum()),
        "by_problem": [
            {"problem": key, "there": int(n), "samples": int(n + added)}
            for key, n, added in zip(problems, one.side.n, more, strict=True)
            if added
        ],
    }
