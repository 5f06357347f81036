"""What a router could save at most: one that knows for each problem which model solves it for the least money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.attempts import one_by_one_cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_SPLITS = 20
_SEED = 20240731


@dataclass(frozen=True, slots=True)
class Bound:
    """Means over problems."""

    cost: float
    coverage: float


def routing_bound(models: Mapping[str, Samples]) -> Bound | str:
    """On the same problems. Half of each problem's samples choose the model whose passes cost least there, or nothing
    where none has passed; the other half says what asking that model one by one then costs and solves, so that no
    choice is judged by the samples that made it. Averaged over splits. A string says why there is none."""
    for alias, one in models.items():
        if one.acceptance is not None:
            return "the verifier that stops is imperfect"
        if one.first is not None:
            return f"{alias} was sampled until solved, which leaves no second half"
        if one.problems and int(one.n.min()) < 2:
            return f"{alias} has fewer than 2 samples of a problem"
    of = list(models.values())
    if not of or not of[0].problems:
        return "no problem is common to all models"
    generator = np.random.default_rng(_SEED)
    found = np.mean([_of_a_split(of, generator) for _ in range(_SPLITS)], axis=0)
    return Bound(float(found[0]), float(found[1]))


def _of_a_split(models: Sequence[Samples], generator: np.random.Generator) -> tuple[float, float]:
    halves = [_halves(one, generator) for one in models]
    passes_cost = np.array([_cost_of_a_pass(chosen) for chosen, _ in halves])
    best = passes_cost.argmin(axis=0)
    bought = np.isfinite(passes_cost.min(axis=0))
    problems = np.arange(len(best))
    priced = [_one_by_one(other) for _, other in halves]
    cost, solved = (np.array([one[at] for one in priced])[best, problems] for at in (0, 1))
    return float((cost * bought).mean()), float((solved * bought).mean())


def _halves(samples: Samples, generator: np.random.Generator) -> tuple[Samples, Samples]:
    n = samples.n // 2
    c = generator.hypergeometric(samples.c, samples.n - samples.c, n).astype(np.int64)
    return replace(samples, n=n, c=c), replace(samples, n=samples.n - n, c=samples.c - c)


def _cost_of_a_pass(samples: Samples) -> NDArray[np.float64]:
    more = 0.0 if samples.apart is None else samples.apart
    each = (samples.cost + more + samples.verdict_cost) * samples.n
    return np.where(samples.c > 0, each / np.maximum(samples.c, 1), np.inf)


def _one_by_one(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(cost, solved) of asking until the first pass, at most as often as every problem was."""
    k = np.array([int(samples.n.min())])
    return one_by_one_cost(samples, k)[:, 0], samples.solved(k)[:, 0]
