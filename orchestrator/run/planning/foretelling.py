"""What a policy's budget is expected to solve, from the ledger's own draws or stated pass rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.reading.money.solved_by_any import places_solved
from orchestrator.ledger.reading.outcomes.verdict_counts import verdict_counts
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orchestrator.run.prepare import Prepared
    from orchestrator.scheduler.policy.foretold import Band, Foretold
    from orchestrator.scheduler.policy.joint_rates import Counts

LEAST_VERDICTS = 20
"""With fewer there is nothing to foretell from but stated pass rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyForetold:
    """`usd`: what is left of the budget. `kind`: the sweep's own policy. `verdicts`: on how many it rests."""

    kind: str
    usd: float
    problems: int
    models: tuple[str, ...]
    verdicts: int
    found: Foretold
    within_worth: bool = False
    """Whether worth_usd may end it before the money does."""

    def document(self) -> dict[str, Any]:
        """As `plan --json` has it."""
        order, samples = self.found.cascade_order, self.found.cascade_samples
        return {
            "usd": self.usd,
            "problems": self.problems,
            "verdicts": self.verdicts,
            "solve": _band(self.found.solve),
            "cascade": {
                **_band(self.found.cascade),
                "order": [self.models[m] for m in order],
                "samples": {self.models[m]: k for m, k in zip(order, samples, strict=True)},
            },
            "uniform": {**_band(self.found.uniform), "model": self.models[self.found.uniform_model]},
        }


def _band(of: Band) -> dict[str, float]:
    return {"solved": of.solved, "low": of.low, "high": of.high}


def foretold(prepared: Prepared, db: Path, left_pico: int | None) -> PolicyForetold | None:
    """None where no policy steers by successes, no budget is stated, or too little is known."""
    policy = prepared.sweep.policy
    if not policy.ends_at_success or left_pico is None or left_pico <= 0:
        return None
    aliases = prepared.sweep.sampled
    there: Mapping[str, Counts] = verdict_counts(db, aliases) if db.exists() else {}
    verdicts = sum(right + wrong for counts in there.values() for right, wrong in counts)
    if verdicts < LEAST_VERDICTS and not all(alias in policy.pass_rates for alias in aliases):
        return None
    from orchestrator.scheduler.policy.foretold import Stand, foretell  # late: it loads numpy
    from orchestrator.scheduler.policy.joint_rates import stated

    ordinals = range(len(prepared.problems))
    costs = [
        sum(
            prepared.expected_pico(alias, ordinal, requests=1, samples=1)
            + prepared.verdict_expected(alias, ordinal)
            for ordinal in ordinals
        )
        / len(prepared.problems)
        / PICO_PER_USD
        for alias in aliases
    ]
    most = [max(prepared.sweep.models[a].wanted(p.key) for p in prepared.problems) for a in aliases]
    nothing = ((0, 0),) * len(aliases)
    stages = None
    if policy.kind == "cascade":
        order = [aliases.index(alias) for alias in policy.order]
        stages = (order, [most[m] for m in order])
    stand = Stand(
        counts=[there.get(p.key, nothing) for p in prepared.problems],
        cost=costs,
        most=most,
        prior=stated([policy.pass_rates.get(alias) for alias in aliases]),
        worth_usd=None if policy.worth_pico is None else policy.worth_pico / PICO_PER_USD,
        solved=places_solved(db, prepared.sweep.name, [p.key for p in prepared.problems]) if there else (),
    )
    usd = left_pico / PICO_PER_USD
    return PolicyForetold(
        kind=policy.kind,
        usd=usd,
        problems=len(prepared.problems),
        models=tuple(aliases),
        verdicts=verdicts,
        found=foretell(stand, usd, cascade=stages),
        within_worth=policy.worth_pico is not None,
    )
