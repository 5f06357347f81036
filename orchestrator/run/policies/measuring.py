"""Which draws of a policy no outcome steers: set down by the sweep and its budget alone, before anything is known."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Self

from orchestrator.run.prepare import EXPECTED_OUTPUT_SHARE, Prepared
from pricing.cost import cost_pico
from pricing.types import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Measuring:
    """By model. `lacking`: the problems of the draws that are still to be asked, in their order; `most`: samples that
    a problem gets, by problem. That is what is wanted of it without what is kept for draws of a higher budget."""

    lacking: list[deque[int]]
    most: list[list[int]]

    @classmethod
    def of(
        cls,
        prepared: Prepared,
        models: Sequence[str],
        wanted: Mapping[str, Sequence[int]],
        budget_pico: int,
        there: Sequence[Sequence[int]],
    ) -> Self:
        """`there`: samples that no outcome steered and that the ledger has, by model and problem."""
        set_down = _set_down(prepared, models, wanted, budget_pico)
        lacking: list[deque[int]] = []
        most: list[list[int]] = []
        for alias, draws, have in zip(models, set_down, there, strict=True):
            of = Counter(draws)
            most.append(
                [
                    n - _kept(prepared, n) + min(_kept(prepared, n), max(of[ordinal], have[ordinal]))
                    for ordinal, n in enumerate(wanted[alias])
                ]
            )
            left = list(have)
            lacking.append(deque())
            for ordinal in draws:
                if left[ordinal] > 0:
                    left[ordinal] -= 1
                else:
                    lacking[-1].append(ordinal)
        return cls(lacking, most)


def chance_order(prepared: Prepared) -> list[int]:
    """The problems, in an order that neither outcomes nor the file decide. Added ones leave the others in theirs."""
    name = prepared.sweep.name
    by_hash = [hashlib.sha256(f"{name}\0{problem.key}".encode()).digest() for problem in prepared.problems]
    return sorted(range(len(by_hash)), key=by_hash.__getitem__)


def pico_at_first(prepared: Prepared, alias: str, ordinal: int, samples: int = 1) -> int:
    """What a request of so many samples was expected to cost before any was there, in pico-dollars."""
    model = prepared.sweep.models[alias]
    if model.agent is not None:
        return samples * (model.agent.attempt_pico or 0)
    output = max(1, round(samples * EXPECTED_OUTPUT_SHARE * model.max_tokens))
    if model.gpu_usd_per_hour is not None:
        return prepared.server_pico_at_first(alias, output)
    tokens = round(prepared.prompt_bytes(alias, ordinal) / 4)
    return cost_pico(prepared.prices[alias], Tokens(input=tokens, output=output))


def _set_down(
    prepared: Prepared, models: Sequence[str], wanted: Mapping[str, Sequence[int]], budget_pico: int
) -> list[list[int]]:
    """By model, the problems of all such draws: rounds over a random order of problems, each asked of every model, for
    the stated share of the budget at what was expected before anything was known. So the order and its end depend on
    the sweep alone, and a raised budget goes on with it."""
    draws: list[list[int]] = [[] for _ in models]
    share = prepared.sweep.policy.measure
    if share is None:
        return draws
    left = int(share * budget_pico)
    order = chance_order(prepared)
    costs = [[pico_at_first(prepared, alias, ordinal) for ordinal in order] for alias in models]
    for turn in range(max(_kept(prepared, max(wanted[alias])) for alias in models)):
        for place, ordinal in enumerate(order):
            left -= sum(of[place] for of in costs)
            if left < 0:
                return draws
            for at, alias in enumerate(models):
                if turn < _kept(prepared, wanted[alias][ordinal]):
                    draws[at].append(ordinal)
    return draws


def _kept(prepared: Prepared, wanted: int) -> int:
    """Of a problem's samples those that are kept for draws that no outcome steers: never taken for others, so that a
    raised budget finds them there."""
    share = prepared.sweep.policy.measure
    return 0 if share is None else ceil(share * wanted)
