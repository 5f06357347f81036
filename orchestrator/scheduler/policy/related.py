"""What is believed of a model before its own verdicts: that it is as the others are on the same problems.

The more expensive one is taken for better, but for less than its price says. Verdicts soon outweigh that. Without it
each model that has few verdicts looks better than one whose failures are known, and finding out costs much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.scheduler.policy.joint_rates import RATES, Counts, Spread, fit, vague

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRICE_POWER = 0.5
"""A sample that costs c times as much is taken for as good as c to this power tries of the cheaper model …"""
MOST_TIMES = 100.0
"""… but for no more than that of so many times."""
UNLIKE = 0.1
"""How likely it is that a model is like no other, so that one is tried even where all others fail."""
PRIOR_PROBLEMS = 8.0
"""What is believed so counts like so many problems of the model."""


def related(spread: Spread, seen: Sequence[int], costs: Sequence[float]) -> tuple[Spread, Spread]:
    """By the last fit, on how many problems each model was `seen`, and what a sample costs: what is believed of each
    model before its verdicts, and from where to seek the next fit, which is that too where little was seen."""
    cheapest = min(costs)
    tries = [min(MOST_TIMES, cost / cheapest) ** PRICE_POWER for cost in costs]
    little = vague(1).mass[0]
    of_cheapest = little + sum(
        n * (mass @ _as_if(1 / t)) for n, mass, t in zip(seen, spread.mass, tries, strict=True)
    )
    of_cheapest /= of_cheapest.sum()
    prior = np.array([UNLIKE * little + (1.0 - UNLIKE) * (of_cheapest @ _as_if(t)) for t in tries])
    known = np.array(seen, np.float64)[:, None]
    start = (PRIOR_PROBLEMS * prior + known * spread.mass) / (PRIOR_PROBLEMS + known)
    return Spread(prior, spread.shared), Spread(start, spread.shared)


def refitted(
    last: Spread, seen: Sequence[int], costs: Sequence[float], counts: Mapping[Counts, int]
) -> Spread:
    """The next fit after the last: what models tell of one another comes from that."""
    prior, start = related(last, seen, costs)
    return fit(prior, start, counts, prior_problems=PRIOR_PROBLEMS)


@lru_cache(maxsize=64)
def _as_if(tries: float) -> NDArray[np.float64]:
    """(RATES, RATES): where the mass at each rate goes if so many tries count as one."""
    to = 1.0 - (1.0 - RATES) ** tries
    below = np.clip(np.searchsorted(RATES, to, side="right") - 1, 0, len(RATES) - 2)
    above = np.clip((to - RATES[below]) / (RATES[below + 1] - RATES[below]), 0.0, 1.0)
    moved = np.zeros((len(RATES), len(RATES)))
    rows = np.arange(len(RATES))
    moved[rows, below] += 1.0 - above
    moved[rows, below + 1] += above
    return moved
