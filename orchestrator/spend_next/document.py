"""`plan --next --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from orchestrator.spend_next.types import Named, Study


def document(found: Study, usd: float) -> dict[str, Any]:
    """Plain data; of models that are sampled until solved, `stop` is first_success."""
    return {
        "next_usd": usd,
        "expected_usd": found.planned.spent,
        "comparison": {
            "cheap": found.cheap.alias,
            "cheap_k": found.cheap.side.k,
            "dear": found.dear.alias,
            "dear_k": found.dear.side.k,
            "problems": len(found.problems),
            "stop": "first_success" if found.stops else "none",
            "difference": found.difference,
        },
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
            for one, targets in zip((found.cheap, found.dear), found.planned.targets, strict=True)
        },
    }


def _model(one: Named, problems: Sequence[str], targets: NDArray[np.int64]) -> dict[str, Any]:
    """Sampled until solved, `samples` are at most: a success ends a problem."""
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
