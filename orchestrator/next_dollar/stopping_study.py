"""The comparison of two models that are sampled until solved: how many problems fall within k attempts of the cheap
one, as many as those of the expensive one pay for, less those that fall within them. A solved problem has nothing left
to teach; what is open in the others stands at the chance that the fitted spread gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.allocation.until_solved import alike, open_error, settle
from orchestrator.errors import InputError
from orchestrator.next_dollar.types import MoreProblems, Named, Study, Z

if TYPE_CHECKING:
    from orchestrator.coverage.allocation.until_solved import Attempts


def stopping_study(
    named: tuple[Named, Named], sides: tuple[Attempts, Attempts], problems: tuple[str, ...], usd: float
) -> Study:
    """Raises InputError if both models have solved all."""
    if not any(one.left.any() for one in sides):
        message = "both models have solved every problem, or cannot go on: more attempts tell nothing new"
        raise InputError("--next", message, "raise limit in [problems]: only other problems narrow it")
    count, now = len(problems), tuple(np.zeros_like(one.n) for one in sides)
    chances = [one.solved() for one in sides]
    gap = chances[0] - chances[1]
    noise = (open_error(sides, now) * count) ** 2 / count
    # Of what is found in the end, 1 or 0 a model: the spread of the chances and what is open of them.
    spread = float(gap.var(ddof=1)) + noise if count > 1 else 0.0
    planned, even = settle(sides, usd), alike(sides, usd)
    return Study(
        stops=True,
        cheap=named[0],
        expensive=named[1],
        problems=problems,
        difference=float(gap.mean()),
        planned=planned,
        even=even,
        spread=spread,
        noise=noise,
        more=_more(sides, spread, noise, usd) if count > 1 else None,
        settles_all=sum(float(one.price(one.left).sum()) for one in sides),
    )


def _more(sides: tuple[Attempts, Attempts], spread: float, noise: float, usd: float) -> MoreProblems | None:
    """New problems, asked until solved or up to k, are taken to be like those at hand."""
    count = len(sides[0].n)
    each = sum(one.fresh() * float(one.cost.mean()) for one in sides)
    bought = int(usd / each)
    if not bought:
        return None
    total = count * (spread + noise) + bought * spread
    return MoreProblems(
        problems=bought,
        samples=max(one.k for one in sides),
        half_width=Z * float(np.sqrt(total)) / (count + bought),
    )
