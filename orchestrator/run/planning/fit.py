"""The largest samples per problem that a budget is expected to pay for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.run.packing import most_n, requests_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.run.prepare import Prepared

MOST_SAMPLES = 10_000_000
"""What a sweep file may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """`samples` a problem, by alias, as a sweep file would state them; 0 where not one each can be paid for. Money in
    pico-dollars, for what would still be sent."""

    samples: Mapping[str, int]
    expected_pico: int
    worst_pico: int


class _Model:
    """What one model would cost at any number of samples a problem."""

    def __init__(self, prepared: Prepared, alias: str, done: Sequence[tuple[int, bool]]) -> None:
        self._prepared, self._alias = prepared, alias
        self.stated = prepared.sweep.models[alias].samples
        self.cap = prepared.sweep.models[alias].budget_pico
        self._max_n = most_n(prepared.sweep.models[alias], None)
        alike: Counter[tuple[int, bool, int]] = Counter()
        stands_for: dict[tuple[int, bool, int], int] = {}
        self._bounds: list[tuple[int, int, int]] = []
        for ordinal, (count, ends) in enumerate(done):
            if ends:
                continue
            key = (round(prepared.expected_input(alias, ordinal)), prepared.caches(alias, ordinal), count)
            alike[key] += 1
            stands_for.setdefault(key, ordinal)
            bound = prepared.bound(alias, ordinal)
            verdict = prepared.verdict_worst(alias, ordinal)
            self._bounds.append((count, bound.fixed, bound.sample + verdict))
        self._alike = [(stands_for[key], key[2], times) for key, times in alike.items()]

    def expected(self, samples: int, *, rounds: bool) -> int:
        total = 0
        for ordinal, done, times in self._alike:
            if (lacking := samples - done) > 0:
                requests = requests_for(done, lacking, self._max_n, rounds=rounds)
                cost = self._prepared.expected_pico(self._alias, ordinal, requests=requests, samples=lacking)
                verdicts = lacking * self._prepared.verdict_expected(self._alias, ordinal)
                total += times * (cost + verdicts)
        return total

    def covers(self, money: int | None, samples: int) -> bool:
        return money is None or self.expected(samples, rounds=True) <= money

    def worst(self, samples: int) -> int:
        model = self._prepared.sweep.models[self._alias]
        lacking = [max(0, samples - done) for done, _, _ in self._bounds]
        if model.gpu_usd_per_hour is not None:
            return self._prepared.server_pico(self._alias, sum(lacking) * model.max_tokens)
        return sum(
            requests_for(done, more, self._max_n, rounds=False) * fixed + more * sample
            for more, (done, fixed, sample) in zip(lacking, self._bounds, strict=True)
            if more
        )


def fit(prepared: Prepared, done: Mapping[str, Sequence[tuple[int, bool]]], held: int) -> Fit:
    """Every model keeps its part of the samples, as when the money is shared. `done`: by alias and problem, the samples
    there and whether no more are asked for. What is replayed, free or stated by problem stays as it is."""
    budget = prepared.sweep.budget_pico
    assert budget is not None
    left = max(0, budget - held)
    models = {
        alias: _Model(prepared, alias, done[alias])
        for alias, stated in prepared.sweep.models.items()
        if not prepared.replayed[alias] and stated.samples and not stated.samples_by_problem
    }
    models = {
        alias: of for alias, of in models.items() if of.expected(of.stated + 1, rounds=False) or of.cap == 0
    }
    if not models:
        return Fit(samples={}, expected_pico=0, worst_pico=0)

    top = max(of.stated for of in models.values())
    own = {alias: _within(of.stated, partial(of.covers, of.cap)) for alias, of in models.items()}

    def scaled(samples: int) -> dict[str, int]:
        """`samples` for the model with the most, the others in proportion, each within its own budget."""
        return {alias: min(own[alias], of.stated * samples // top) for alias, of in models.items()}

    def total(samples: Mapping[str, int]) -> int:
        rounds = sum(of.worst(samples[alias]) for alias, of in models.items()) > left
        return sum(of.expected(samples[alias], rounds=rounds) for alias, of in models.items())

    found = scaled(_within(top, lambda samples: total(scaled(samples)) <= left))
    for alias in models:
        more = {**found, alias: found[alias] + 1}
        if found[alias] < own[alias] and total(more) <= left:
            found = more
    return Fit(
        samples=found,
        expected_pico=total(found),
        worst_pico=sum(of.worst(found[alias]) for alias, of in models.items()),
    )


def _within(start: int, fits: Callable[[int], bool]) -> int:
    """The largest number that fits, looked for from `start` on; 0 where none does."""
    low, high = 0, start
    while high < MOST_SAMPLES and fits(high):
        low, high = high, min(MOST_SAMPLES, 2 * high)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low
