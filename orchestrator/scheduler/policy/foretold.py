"""What the rest of the money is expected to solve under each policy, and how far that may be off. No I/O.

Each problem's pass rates are drawn from what is believed of it: the joint spread, fitted to all counts, and the
problem's own failures. The band holds the spread's uncertainty too: it is over all spreads that the verdicts allow.
A policy asks a problem along a path, model after model; from the drawn rates follows at which step it falls.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from orchestrator.scheduler.policy.beliefs import Beliefs, beliefs
from orchestrator.scheduler.policy.joint_rates import RATES, Counts, Spread, given_ease

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

DRAWS = 6
"""Times that rates are drawn from each spread."""
LONGEST = 400
STAGES = (1, 2, 4, 8, 16, 32, 64)
_SEED = 20261130
_NEVER = 1 << 40


class Band(NamedTuple):
    """Problems solved in the end, those of today included: mean and 95% band."""

    solved: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Stand:
    """How it stands. `counts`: (right, wrong) by model, of each problem; `cost`: dollars a sample by model; `most`:
    samples that a problem gets of a model; `prior`: what is believed before any verdict, None: little; `solved`:
    problems that models solved which are asked no more; `worth_usd`: the policy solve buys nothing that costs more
    an expected solve."""

    counts: Sequence[Counts]
    cost: Sequence[float]
    most: Sequence[int]
    prior: Spread | None = None
    solved: Collection[int] = ()
    worth_usd: float | None = None

    @cached_property
    def open(self) -> Mapping[tuple[int, ...], Whole]:
        """Unsolved problems by their failures."""
        found: dict[tuple[int, ...], list[int]] = {}
        for problem, counts in enumerate(self.counts):
            if problem not in self.solved and not any(right for right, _ in counts):
                found.setdefault(tuple(wrong for _, wrong in counts), []).append(problem)
        return {failures: np.array(problems) for failures, problems in found.items()}

    @cached_property
    def now(self) -> int:
        """Problems that are solved."""
        return len(self.counts) - sum(map(len, self.open.values()))

    @cached_property
    def room(self) -> Whole:
        """(problems, models): samples that it may still get."""
        there = np.array(self.counts, np.int64).reshape(len(self.counts), len(self.cost), 2).sum(axis=2)
        return np.array(self.most, np.int64) - there


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """`cascade_samples`: of each stage but the last. `uniform_model`: which single model is best."""

    solve: Band
    cascade: Band
    cascade_order: tuple[int, ...]
    cascade_samples: tuple[int, ...]
    uniform: Band
    uniform_model: int


class _Path(NamedTuple):
    """Which model is asked at each step, at which of its samples, and how early the step comes: the greater, the
    earlier."""

    model: Whole
    sample: Whole
    order: Floats


def foretell(stand: Stand, usd: float, *, cascade: tuple[Sequence[int], Sequence[int]] | None) -> Foretold:
    """For `usd` more. `cascade`: its order and samples; None: by price, with the best number of samples a stage."""
    generator = np.random.default_rng(_SEED)
    by_price = tuple(sorted(range(len(stand.cost)), key=lambda m: stand.cost[m]))
    orders: list[tuple[tuple[int, ...], tuple[int, ...]]] = (
        [(tuple(cascade[0]), tuple(cascade[1]))]
        if cascade is not None
        else [
            (by_price, (*(min(k, stand.most[m]) for m in by_price[:-1]), stand.most[by_price[-1]]))
            for k in reversed(STAGES)  # of stages that bring the same the longest, which lose nothing
        ]
    )
    orders = list(dict.fromkeys(orders))
    solve: list[float] = []
    cascades: list[float] = []
    uniform: list[list[float]] = []
    believed = beliefs(generator, stand.counts, stand.cost, stand.prior)
    for spread in believed.spreads:
        paths = _best_paths(stand, spread)
        for _ in range(DRAWS):
            first = _first_passes(generator, spread, stand)
            solve.append(_spent(stand, first, paths, [usd])[0])
            if (
                len(orders) > 1
            ):  # the first draw chooses, which is good enough: its neighbours bring nearly as much
                orders = [max(orders, key=partial(_of_stages, stand, first, usd))]
            cascades.append(_in_stages(stand, first, *orders[0], usd))
            uniform.append([_alike(stand, first, model, usd) for model in range(len(stand.cost))])
    of_uniform = np.array(uniform)
    likely = believed.likely * DRAWS
    model = int(of_uniform[:likely].mean(axis=0).argmax())
    return Foretold(
        solve=_band(np.array(solve), believed),
        cascade=_band(np.array(cascades), believed),
        cascade_order=orders[0][0],
        cascade_samples=orders[0][1],
        uniform=_band(of_uniform[:, model], believed),
        uniform_model=model,
    )


def _of_stages(stand: Stand, first: Whole, usd: float, one: tuple[tuple[int, ...], tuple[int, ...]]) -> float:
    return _in_stages(stand, first, *one, usd)


def told_the_spread(stand: Stand, counts: Sequence[Counts], usds: Sequence[float]) -> list[Band]:
    """What the policy solve is expected to solve from the start of `stand`, for each of `usds`, were it told the spread
    that `counts` of other draws show."""
    generator = np.random.default_rng(_SEED)
    found: list[list[float]] = []
    believed = beliefs(generator, counts, stand.cost, stand.prior)
    for spread in believed.spreads:
        paths = _best_paths(stand, spread)
        drawn = (_first_passes(generator, spread, stand) for _ in range(DRAWS))
        found += [_spent(stand, first, paths, usds) for first in drawn]
    return [_band(column, believed) for column in np.array(found).T]


def _band(drawn: Floats, believed: Beliefs) -> Band:
    """The mean of the draws by the likeliest spreads; the band of all, by their weights."""
    weight = np.repeat(np.array(believed.weight), DRAWS)
    order = np.argsort(drawn, kind="stable")
    below = np.cumsum(weight[order]) - weight[order] / 2
    low, high = np.interp([0.025, 0.975], below / weight.sum(), drawn[order])
    mean = float(drawn[: believed.likely * DRAWS].mean())
    return Band(mean, min(mean, float(low)), max(mean, float(high)))


def _first_passes(generator: np.random.Generator, spread: Spread, stand: Stand) -> Whole:
    """(problems, models): at which further sample the first pass comes, of unsolved ones."""
    first = np.full((len(stand.counts), len(stand.cost)), _NEVER, np.int64)
    given = [given_ease(mass, spread.shared) for mass in spread.mass]
    for failures, problems in stand.open.items():
        likely = [g * (1.0 - RATES) ** n for g, n in zip(given, failures, strict=True)]  # (EASES, RATES)
        weight = np.prod([one.sum(axis=1) for one in likely], axis=0)
        if weight.sum() <= 0:
            continue
        eases = generator.choice(len(weight), size=len(problems), p=weight / weight.sum())
        for model, one in enumerate(likely):
            below = np.cumsum(one, axis=1)
            drawn = generator.random(len(problems)) * below[eases, -1]
            rate = RATES[np.minimum((below[eases] < drawn[:, None]).sum(axis=1), len(RATES) - 1)]
            passes = generator.geometric(np.maximum(rate, 1e-9))
            first[problems, model] = np.where(rate > 0, passes, _NEVER)
    return first


def _spent(
    stand: Stand,
    first: Whole,
    paths: Mapping[tuple[int, ...], _Path],
    usds: Sequence[float],
) -> list[float]:
    """Problems solved, those of today included, if each open problem is asked along its path."""
    now = stand.now
    order: list[Floats] = []
    price: list[Floats] = []
    solves: list[Floats] = []
    cost = np.array(stand.cost)
    for failures, problems in stand.open.items():
        path = paths[failures]
        if not len(path.model):
            continue
        falls = first[problems][:, path.model] == path.sample  # (problems, steps)
        at = np.where(falls.any(axis=1), falls.argmax(axis=1), len(path.model))
        newly = np.bincount(at, minlength=len(path.model) + 1)[: len(path.model)]
        asked = len(problems) - np.concatenate([[0], np.cumsum(newly)[:-1]])
        order.append(path.order)
        price.append(cost[path.model] * asked)
        solves.append(newly.astype(np.float64))
    if not order:
        return [float(now)] * len(usds)
    by = np.argsort(-np.concatenate(order), kind="stable")
    paid = np.concatenate([[0.0], np.cumsum(np.concatenate(price)[by])])
    solved = np.concatenate([[0.0], np.cumsum(np.concatenate(solves)[by])])
    return [now + float(np.interp(usd, paid, solved)) for usd in usds]


def _best_paths(stand: Stand, spread: Spread) -> dict[tuple[int, ...], _Path]:
    passes = _Passes(stand, spread)
    return {failures: _best_path(stand, passes, failures) for failures in stand.open}


def _best_path(stand: Stand, passes: _Passes, failures: tuple[int, ...]) -> _Path:
    models, samples, order = list[int](), list[int](), list[float]()
    now, least = failures, float("inf")
    for _ in range(LONGEST):
        best, index = passes.best(now)
        if index <= 0 or (stand.worth_usd is not None and index * stand.worth_usd < 1.0):
            break
        least = min(least, index)
        now = (*now[:best], now[best] + 1, *now[best + 1 :])
        models.append(best)
        samples.append(now[best] - failures[best])
        order.append(least)
    return _Path(np.array(models, np.int64), np.array(samples, np.int64), np.array(order))


class _Passes:
    """What a spread says of problems on which each model failed so many times: JointRates, for very many of them."""

    def __init__(self, stand: Stand, spread: Spread) -> None:
        self._most = stand.most
        self._cost = np.maximum(np.array(stand.cost), 1e-15)
        failed: list[int] = [max(of, default=0) for of in zip(*stand.open, strict=True)] or [0] * len(
            stand.cost
        )
        self._fail: list[Floats] = []
        """By model, (failures, EASES): the probability of so many in a row …"""
        self._then_pass: list[Floats] = []
        """… and of a pass after them, over it."""
        for mass, most, there in zip(spread.mass, stand.most, failed, strict=True):
            often = np.arange(max(there, min(most, there + LONGEST)) + 1, dtype=np.float64)
            powers = (1.0 - RATES) ** often[:, None]
            given = given_ease(mass, spread.shared).T
            fail = powers @ given
            self._fail.append(fail)
            self._then_pass.append((powers * RATES) @ given / np.maximum(fail, 1e-300))
        self._known: dict[tuple[int, ...], tuple[int, float]] = {}

    def best(self, failures: tuple[int, ...]) -> tuple[int, float]:
        """(model, its expected solves a dollar) of the next sample; 0 where none is left that brings anything."""
        known = self._known.get(failures)
        if known is None:
            known = self._known[failures] = self._found(failures)
        return known

    def _found(self, failures: tuple[int, ...]) -> tuple[int, float]:
        likely = np.ones(self._fail[0].shape[1])
        for fail, failed in zip(self._fail, failures, strict=True):
            likely = likely * fail[failed]
        total = float(likely.sum())
        if total <= 1e-300:
            return 0, 0.0
        each = np.array(
            [
                float(then_pass[failed] @ likely) if failed < most else 0.0
                for then_pass, failed, most in zip(self._then_pass, failures, self._most, strict=True)
            ]
        )
        index = each / total / self._cost
        best = int(index.argmax())
        return best, float(index[best])


def _in_stages(
    stand: Stand, first: Whole, stages: Sequence[int], samples: Sequence[int], usd: float
) -> float:
    def path(failures: tuple[int, ...]) -> _Path:
        counts = [max(0, min(k - failures[m], LONGEST)) for m, k in zip(stages, samples, strict=True)]
        models = np.repeat(np.array(stages, np.int64), counts)
        tries = np.concatenate([np.arange(1, n + 1) for n in counts])
        return _Path(models, tries, -np.arange(len(models)).astype(np.float64))

    return _spent(stand, first, {failures: path(failures) for failures in stand.open}, [usd])[0]


def _alike(stand: Stand, first: Whole, model: int, usd: float) -> float:
    """As many further samples of every problem by one model, solved or not."""
    round_usd = max(len(stand.counts) * stand.cost[model], 1e-15)
    k = min(usd / round_usd, stand.most[model])
    room = stand.room[:, model]
    by = [float((first[:, model] <= np.minimum(n, room)).sum()) for n in (int(k), int(k) + 1)]
    return stand.now + by[0] + (k - int(k)) * (by[1] - by[0])
