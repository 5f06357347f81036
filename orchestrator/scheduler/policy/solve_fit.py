"""The spread of pass rates fitted to the verdicts so far, and what the rest of the money brings by it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.exploration import Evidence, Exploration
from orchestrator.scheduler.policy.forecast import Forecast, forecast
from orchestrator.scheduler.policy.frailty import believed
from orchestrator.scheduler.policy.joint_rates import Counts, JointRates, Spread, fit
from orchestrator.scheduler.policy.related import refitted
from orchestrator.scheduler.policy.sample_index import Key, Kind, SampleIndex

SHAPE_SHOWS = 2.0
"""With fewer samples a problem little shows of the shape of a model's spread or of how models go together: what a
family of shapes says …"""
FEW_PROBLEMS = 300.0
"""… then counts like so many problems of each model …"""
SOME_PROBLEMS = 40.0
"""… and with more samples like so many, …"""
FADES_FROM = 3.0
"""… which become fewer in proportion from so many samples a problem on."""
NO_FAMILY_FROM = 6.0
"""From so many on no family says anything more, since none has all shapes: models tell of one another (related)."""
SEARCHED = 12.0
"""Below so many samples a problem the last fit may be far from the next, which is then made …"""
FRESH_FITS = 3
"""… so many times as long, as the first one is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that a fit reads."""

    prior: Spread | None
    """As stated; None: a model is believed to be as the others are."""
    spread: Spread
    """As it was fitted last …"""
    fresh: bool
    """… or not at all."""
    counts: Mapping[Counts, int]
    open: Mapping[tuple[int, tuple[int, ...]], int]
    """Unsolved problems, by kind and failures."""
    kinds: Sequence[Kind]
    models: int
    explores: float
    cost_factors: tuple[CostFactors, ...]
    waiting_costs: Sequence[bool]
    room_pico: int
    worth_pico: int | None

    def exploration(self) -> Exploration:
        """By the verdicts so far."""
        return Exploration(
            share=self.explores,
            evidence=Evidence(self.counts),
            open_problems=sum(self.open.values()),
            room_pico=self.room_pico,
        )

    def index(self, joint: JointRates, exploration: Exploration) -> SampleIndex:
        """By a spread."""
        return SampleIndex(
            joint=joint,
            exploration=exploration,
            cost_factors=self.cost_factors,
            worth_pico=self.worth_pico,
            waiting_costs=self.waiting_costs,
        )


class Fitted(NamedTuple):
    """The spread as the verdicts tell it, how far to trust it, and what the rest of the money is expected to bring."""

    spread: Spread
    exploration: Exploration
    forecast: Forecast


def refit(snapshot: Snapshot) -> Fitted:
    """Takes a while, reads nothing but the snapshot: for a thread."""
    spread, exploration = _fitted(snapshot), snapshot.exploration()
    index = snapshot.index(JointRates(spread), exploration)
    none = (0,) * snapshot.models
    return Fitted(
        spread,
        exploration,
        forecast(
            snapshot.open,
            lambda kind, failures, model: index.of(snapshot.kinds[kind], Key(kind, failures, none), model),
            lambda failures, model: index.joint.pass_next(failures)[model],
            lambda kind, model: snapshot.kinds[kind].cost(model, snapshot.cost_factors[model]),
            snapshot.models,
            snapshot.room_pico,
        ),
    )


def _fitted(snapshot: Snapshot) -> Spread:
    if not snapshot.counts:
        return snapshot.spread
    if snapshot.prior is not None:
        return fit(snapshot.prior, snapshot.spread, snapshot.counts)
    samples, costs = _samples_a_problem(snapshot.counts), _mean_costs(snapshot)
    if samples < NO_FAMILY_FROM:
        return from_family(believed(snapshot.counts, costs), snapshot.counts)
    seen = [
        sum(n for counts, n in snapshot.counts.items() if any(counts[model]))
        for model in range(snapshot.models)
    ]
    spread = snapshot.spread
    for _ in range(FRESH_FITS if snapshot.fresh or samples < SEARCHED else 1):
        spread = refitted(spread, seen, costs, snapshot.counts)
    return spread


def from_family(family: Spread, counts: Mapping[Counts, int]) -> Spread:
    """What is likely by the verdicts where a family of shapes says so."""
    samples = _samples_a_problem(counts)
    if samples < SHAPE_SHOWS:
        return fit(family, family, counts, shared=(family.shared,), prior_problems=FEW_PROBLEMS)
    spread, weight = family, SOME_PROBLEMS * min(1.0, FADES_FROM / samples)
    for _ in range(FRESH_FITS):
        spread = fit(family, spread, counts, prior_problems=weight)
    return spread


def _samples_a_problem(counts: Mapping[Counts, int]) -> float:
    """By all models together, of a problem that has any."""
    samples = sum(n * (right + wrong) for of, n in counts.items() for right, wrong in of)
    return samples / sum(counts.values())


def _mean_costs(snapshot: Snapshot) -> list[float]:
    """Of a sample by model, over the unsolved problems."""
    factors = snapshot.cost_factors
    kinds = [(snapshot.kinds[kind], n) for (kind, _), n in snapshot.open.items()]
    return [
        sum(n * kind.cost(model, factors[model]) for kind, n in kinds) / max(1, sum(n for _, n in kinds))
        or 1.0
        for model in range(snapshot.models)
    ]
