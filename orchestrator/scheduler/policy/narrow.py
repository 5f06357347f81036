"""The next samples go where they narrow a comparison most: `plan --next` as it goes, in parts. No I/O.

Which draws a comparison needs is planned anew as verdicts on *guides* come (coverage.allocation.narrowing has what
guides are, and why only the other draws count). A part of the money is opened when a model has drawn what is planned.
"""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from orchestrator.coverage.allocation.narrowing import Allotted, Drawn, allot

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROWTH = 1.25
"""It is planned anew when there are so many times as many verdicts on guides."""
PARTS = 4
"""In how many parts the money is spent, unless stated."""


class Lanes(Protocol):
    """What of the scheduler the choice depends on."""

    def can_go_on(self, model: int, /) -> bool:
        """Whether the model may still be asked in this run."""
        ...

    def spent_pico(self) -> int:
        """What counts against the budget, without what is on its way."""
        ...

    def total_pico(self) -> int:
        """The budget."""
        ...

    def cost_factor(self, model: int, /) -> float:
        """What its samples cost, over what was expected of them."""
        ...


@dataclass(slots=True)
class Drawing:
    """One model's draws, by problem: `right` of `judged` guides; `guides` and `counted` draws asked; `most` wanted of
    both; `cost` of a sample and of a `verdict` on it, in pico-dollars."""

    right: array[int]
    judged: array[int]
    guides: array[int]
    counted: array[int]
    most: array[int]
    cost: array[float]
    verdict: array[float]


class Candidate(NamedTuple):
    """Samples of one problem; `measured`: their outcomes are looked at by no choice, so that they count."""

    problem: int
    n: int
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that planning reads."""

    drawn: tuple[Drawn, ...]
    money: float
    pair: tuple[int, int] | None
    order: NDArray[np.int64]


@dataclass(kw_only=True)
class Narrow:
    """The choice that all models' works share. `order`: the problems, in an order of chance."""

    models: Sequence[Drawing]
    order: Sequence[int]
    pair: tuple[int, int] | None = None
    parts: int = PARTS
    lanes: Lanes | None = None
    compared: tuple[int, int] | None = None
    """The pair that is narrowed now, the cheaper first …"""
    compared_k: int = 1
    """… and how many of its samples are compared with one."""

    opened: int = field(default=0, init=False)
    """Parts of the money that are open."""

    def __post_init__(self) -> None:
        models = range(len(self.models))
        self._queues: list[deque[Candidate]] = [deque() for _ in models]
        self._planned: list[Counter[int]] = [Counter() for _ in models]
        self._on_the_way = [0] * len(self.models)
        self._verdicts = sum(sum(one.judged) for one in self.models)
        self._planned_at: tuple[int, int] | None = None
        """Verdicts and money spent when it was planned last."""
        self._refused: set[tuple[int, int]] = set()

    # -- which comes next -------------------------------------------------------------------------------------------

    def choose(self, model: int) -> Candidate | None:
        """The model's next samples of what is planned."""
        return self._queues[model][0] if self._queues[model] else None

    def anything_left(self, model: int) -> bool:
        """Whether something is planned for it."""
        return bool(self._queues[model])

    def planned(self, model: int, problem: int) -> int:
        """Samples of it that are planned and not asked yet."""
        return self._planned[model][problem]

    def may_be_asked(self, model: int) -> bool:
        """Whether a later part may plan more of it."""
        return self.pair is None or model in self.pair

    # -- what happened ----------------------------------------------------------------------------------------------

    def took(self, model: int, problem: int, n: int, *, measured: bool) -> None:
        """The first `n` of what was chosen are on their way."""
        queue, of = self._queues[model], self.models[model]
        first = queue.popleft()
        if first.n > n:
            queue.appendleft(first._replace(n=first.n - n))
        self._planned[model][problem] -= n
        (of.counted if measured else of.guides)[problem] += n
        self._on_the_way[model] += n

    def arrived(self, model: int, n: int) -> None:
        """Samples have come, or will not."""
        self._on_the_way[model] = max(0, self._on_the_way[model] - n)

    def judged(self, model: int, problem: int, *, passed: bool) -> None:
        """A guide has its verdict."""
        of = self.models[model]
        if of.judged[problem] < of.guides[problem]:
            of.judged[problem] += 1
            of.right[problem] += passed
            self._verdicts += 1

    def refuses(self, model: int, problem: int) -> None:
        """The model takes this problem from nobody."""
        self._refused.add((model, problem))
        self._queues[model] = deque(one for one in self._queues[model] if one.problem != problem)
        self._planned[model].pop(problem, None)

    # -- what is planned --------------------------------------------------------------------------------------------

    @property
    def is_stale(self) -> bool:
        """Whether to plan anew: at first, when verdicts tell more, and when a model has drawn its part."""
        if self._planned_at is None:
            return True
        verdicts, spent = self._planned_at
        if self._verdicts >= max(GROWTH * verdicts, verdicts + 8):
            return True
        if not self._is_out():
            return False
        return self.opened < self.parts or self._spent() != spent or self._verdicts > verdicts

    @property
    def must_look(self) -> bool:
        """Whether nothing is left to choose before it has planned anew."""
        return self.is_stale

    def _is_out(self) -> bool:
        models = range(len(self.models)) if self.compared is None else self.compared
        able = [m for m in models if self.lanes is None or self.lanes.can_go_on(m)]
        return bool(able) and not all(self._queues[m] for m in able)

    def _spent(self) -> int:
        return 0 if self.lanes is None else self.lanes.spent_pico()

    def snapshot(self) -> Snapshot:
        """What planning reads, to be done elsewhere."""
        lanes = self.lanes
        if self.opened == 0:
            self._open_what_is_spent()
        elif self.opened < self.parts and self._is_out():
            self.opened += 1
        self._planned_at = (self._verdicts, self._spent())
        factors = [1.0 if lanes is None else lanes.cost_factor(m) for m in range(len(self.models))]
        total = 0 if lanes is None else lanes.total_pico()
        coming = sum(
            n * (factor * sum(of.cost) + sum(of.verdict)) / len(of.cost)
            for n, factor, of in zip(self._on_the_way, factors, self.models, strict=True)
        )
        return Snapshot(
            drawn=tuple(self._drawn(m, factor) for m, factor in enumerate(factors)),
            money=max(0.0, total * self.opened / self.parts - self._spent() - coming),
            pair=self.pair,
            order=np.array(self.order, np.int64),
        )

    def _open_what_is_spent(self) -> None:
        """A run that goes on, or has more money now, begins with the part that it has come to."""
        total = 0 if self.lanes is None else self.lanes.total_pico()
        done = int(self.parts * self._spent() / total) if total > 0 else 0
        self.opened = min(self.parts, done + 1)

    def _drawn(self, model: int, factor: float) -> Drawn:
        of = self.models[model]
        asked = np.array(of.guides, np.int64) + np.array(of.counted, np.int64)
        most = np.maximum(np.array(of.most, np.int64), asked)
        able = self.lanes is None or self.lanes.can_go_on(model)
        if not able:
            most = asked
        for refused, problem in self._refused:
            if refused == model:
                most[problem] = asked[problem]
        return Drawn(
            right=np.array(of.right, np.int64),
            judged=np.array(of.judged, np.int64),
            guides=np.array(of.guides, np.int64),
            counted=np.array(of.counted, np.int64),
            most=most,
            cost=np.maximum(np.array(of.cost) * factor + np.array(of.verdict), 1e-3),
        )

    def learnt(self, found: Allotted) -> None:
        """Goes on by a plan. What was asked meanwhile is off it. Guides come first, in rounds over the problems."""
        self.compared, self.compared_k = found.pair, found.k
        order = np.array(self.order, np.int64)
        for model, of in enumerate(self.models):
            queue: deque[Candidate] = deque()
            planned: Counter[int] = Counter()
            guides, counted = np.array(of.guides, np.int64), np.array(of.counted, np.int64)
            room = np.array(of.most, np.int64) - guides - counted
            room[[problem for refused, problem in self._refused if refused == model]] = 0
            for targets, there, measured in (
                (found.guides[model], guides, False),
                (found.counted[model], counted, True),
            ):
                more = np.maximum(np.minimum(targets - there, room), 0)
                room = room - more
                asked: list[int] = order[more[order] > 0].tolist()
                for problem, n in zip(asked, more[asked].tolist(), strict=True):
                    queue.append(Candidate(problem, n, measured))
                    planned[problem] += n
            self._queues[model], self._planned[model] = queue, planned


def plan(snapshot: Snapshot) -> Allotted:
    """Takes a while, reads nothing but the snapshot: for a thread."""
    return allot(snapshot.drawn, snapshot.money, pair=snapshot.pair, order=snapshot.order)
