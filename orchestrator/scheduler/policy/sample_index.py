"""What the next sample of a problem is worth: expected newly solved problems a dollar, samples on their way in mind.

A sample whose problem has others on their way may turn out needless. It is sent ahead of their verdicts only where the
chance of that is at most AHEAD, since waiting for them costs no money; where it does (a server that is paid by time, a
batch's hours) there may also be as many on their way as have failed, and one. Several go in one request where asking
one after the other would be expected to cost more: the prompt again for each that is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.exploration import Exploration
from orchestrator.scheduler.policy.joint_rates import JointRates

AHEAD = 0.1
"""The greatest chance that a sample turns out needless."""
LEAST_COST = 1e-3
"""In pico-dollars: what is free comes before all that costs."""


class Key(NamedTuple):
    """What problems are alike in: their kind, and by model the failures so far, those on their way among them, and how
    many of these are on their way."""

    kind: int
    failures: tuple[int, ...]
    pending: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Problems that cost alike. By model, in pico-dollars: a request's first sample, each further one in it, and the
    verdict on one; and how many samples are wanted."""

    costs: tuple[float, ...]
    further: tuple[float, ...]
    verdicts: tuple[float, ...]
    wanted: tuple[int, ...]

    def cost(self, model: int, factors: CostFactors) -> float:
        """Of a request of one sample with its verdict, in pico-dollars."""
        further = self.further[model]
        prompt = (self.costs[model] - further) * factors.prompt
        return max(prompt + further * factors.output + self.verdicts[model], LEAST_COST)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleIndex:
    """`waiting_costs`: by model."""

    joint: JointRates
    exploration: Exploration
    cost_factors: Sequence[CostFactors]
    worth_pico: int | None
    waiting_costs: Sequence[bool]

    def of(self, kind: Kind, key: Key, model: int) -> float:
        """Newly solved problems a pico-dollar, an upper bound; 0 where no more are wanted, where it is expected to be
        worth less than it costs, and where it is not to be sent before others' verdicts."""
        if key.failures[model] >= kind.wanted[model]:
            return 0.0
        needed = 1.0
        if any(key.pending):
            needed = self._all_fail(key)
            if 1.0 - needed > AHEAD and not self._goes_ahead(key, model):
                return 0.0
        chance = self.joint.pass_next(key.failures)[model]
        cost = kind.cost(model, self.cost_factors[model])
        passes = needed * chance
        if passes <= 0.0 or (self.worth_pico is not None and cost > self.worth_pico * passes):
            return 0.0
        return passes / cost * self.exploration.times(key.failures, model, chance, cost)

    def expected(self, kind: Kind, key: Key, model: int) -> float:
        """Newly solved problems a pico-dollar, if none is on its way."""
        return self.joint.pass_next(key.failures)[model] / kind.cost(model, self.cost_factors[model])

    def together(self, kind: Kind, key: Key, model: int, most: int, least: float) -> int:
        """How many samples a request is to carry. One more costs that sample; asked later it would cost a request, but
        only if the others fail. `least`: the index that the money reaches, below which nothing is bought later."""
        cost, each = kind.cost(model, self.cost_factors[model]), self._further(kind, model)
        wrong = tuple(f - p for f, p in zip(key.failures, key.pending, strict=True))
        before = self.joint.all_fail(wrong)
        n, failures = 1, _with_one(key.failures, model)
        while n < most and failures[model] < kind.wanted[model] and before > 0.0:
            needed = self.joint.all_fail(failures) / before
            chance = self.joint.pass_next(failures)[model]
            passes = needed * chance
            bound = passes / each * self.exploration.times(failures, model, chance, cost)
            if each > needed * cost or bound < least:
                break
            if self.worth_pico is not None and each > self.worth_pico * passes:
                break
            n, failures = n + 1, _with_one(failures, model)
        return n

    def _further(self, kind: Kind, model: int) -> float:
        return max(kind.further[model] * self.cost_factors[model].output + kind.verdicts[model], LEAST_COST)

    def _all_fail(self, key: Key) -> float:
        before = self.joint.all_fail(tuple(f - p for f, p in zip(key.failures, key.pending, strict=True)))
        return self.joint.all_fail(key.failures) / before if before > 0.0 else 0.0

    def _goes_ahead(self, key: Key, model: int) -> bool:
        on_the_way = sum(key.pending)
        return self.waiting_costs[model] and on_the_way <= sum(key.failures) - on_the_way


def _with_one(failures: tuple[int, ...], model: int) -> tuple[int, ...]:
    return (*failures[:model], failures[model] + 1, *failures[model + 1 :])
