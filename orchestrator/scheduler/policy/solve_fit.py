"""The spread of pass rates fitted to the verdicts so far, and what the rest of the money brings by it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.scheduler.policy.forecast import Forecast, forecast
from orchestrator.scheduler.policy.joint_rates import Counts, JointRates, Spread, fit
from orchestrator.scheduler.policy.sample_index import Key, Kind, SampleIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that a fit reads."""

    prior: Spread
    spread: Spread
    counts: Mapping[Counts, int]
    open: Mapping[tuple[int, tuple[int, ...]], int]
    """Unsolved problems, by kind and failures."""
    kinds: Sequence[Kind]
    judged: tuple[int, ...]
    explores: float
    cost_factors: tuple[float, ...]
    waiting_costs: Sequence[bool]
    room_pico: int
    worth_pico: int | None

    def index(self, joint: JointRates) -> SampleIndex:
        """By a spread."""
        return SampleIndex(
            joint=joint,
            judged=self.judged,
            explores=self.explores,
            cost_factors=self.cost_factors,
            worth_pico=self.worth_pico,
            waiting_costs=self.waiting_costs,
        )


class Fitted(NamedTuple):
    """The spread as the verdicts tell it, and what the rest of the money is expected to bring."""

    spread: Spread
    forecast: Forecast


def refit(snapshot: Snapshot) -> Fitted:
    """Takes a while, reads nothing but the snapshot: for a thread."""
    spread = fit(snapshot.prior, snapshot.spread, snapshot.counts) if snapshot.counts else snapshot.spread
    index = snapshot.index(JointRates(spread))
    none = tuple(0 for _ in snapshot.judged)
    return Fitted(
        spread,
        forecast(
            snapshot.open,
            lambda kind, failures, model: index.of(snapshot.kinds[kind], Key(kind, failures, none), model),
            lambda failures, model: index.joint.pass_next(failures)[model],
            lambda kind, model: index.cost(snapshot.kinds[kind], model),
            len(snapshot.judged),
            snapshot.room_pico,
        ),
    )
