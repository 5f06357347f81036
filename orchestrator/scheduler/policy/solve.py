"""The next sample goes to the problem and model with the most expected newly solved problems a dollar. No I/O.

The index of a model on a problem (sample_index) falls with each failure, so that taking the best one each time is what
the Gittins index of such a sequence says. The spread behind it is fitted as verdicts come (joint_rates).
"""

from __future__ import annotations

import heapq
from array import array
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.exploration import Evidence, Exploration
from orchestrator.scheduler.policy.forecast import Forecast
from orchestrator.scheduler.policy.joint_rates import Counts, JointRates, Spread, vague
from orchestrator.scheduler.policy.known import Known
from orchestrator.scheduler.policy.lanes import Lanes
from orchestrator.scheduler.policy.sample_index import Key, Kind, SampleIndex
from orchestrator.scheduler.policy.solve_fit import Fitted, Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_FIT = 16
"""Verdicts before the spread is fitted for the first time."""
GROWTH = 1.08
"""It is fitted again when there are so many times as many: what turns out wrong is soon no longer bought."""
OWN_GROWTH, OWN_MORE = 1.25, 4
"""Or when one model has so many times as many, and so many more: the first samples of an expensive model, among
thousands of a cheap one, cost much and tell much."""
EXPLORES = 0.7
"""How far above what is expected a sample's index lies where little is known of it (exploration)."""
AS_GOOD = 0.5


class Candidate(NamedTuple):
    """`n` samples worth buying in one request; `measured`: chosen before any outcome."""

    problem: int
    n: int
    measured: bool


@dataclass(kw_only=True)
class Solve:
    """The choice that all models' works share."""

    kinds: list[Kind]
    kind_of: list[int]
    """By problem."""
    known: Sequence[Known]
    measured: Sequence[deque[int]]
    """By model, the problems of its draws that no outcome steers, in their order; those that are there are left out."""
    waiting_costs: Sequence[bool]
    """By model, whether waiting for verdicts costs money."""
    solved_before: Collection[int] = ()
    """Problems that some model solved, perhaps one that is asked no more."""
    prior: Spread | None = None
    """What is stated before any verdict."""
    worth_pico: int | None = None
    lanes: Lanes | None = None
    explores: float = EXPLORES
    solved: bytearray = field(init=False)
    """By any model."""
    now: Forecast | None = None
    """What was foretold last."""

    def __post_init__(self) -> None:
        problems = len(self.kind_of)
        models = range(len(self.known))
        self.solved = bytearray(any(self.known[m].right[p] for m in models) for p in range(problems))
        for problem in self.solved_before:
            self.solved[problem] = 1
        self._keys: list[Key] = []
        self._numbers: dict[Key, int] = {}
        """Of the keys that problems have, or had since the last fit."""
        self._number = array("q", bytes(8 * problems))
        """By problem, of its key."""
        self._worthless: list[dict[Key, bool]] = [{} for _ in models]
        """By model, as far as was asked since the last fit."""
        self._groups: dict[Key, deque[int]] = {}
        self._heaps: list[list[tuple[float, Key]]] = [[] for _ in models]
        self._queued: list[set[Key]] = [set() for _ in models]
        self._to_measure = [Counter(draws) for draws in self.measured]
        self._verdicts = [sum(k.right) + sum(k.wrong) for k in self.known]
        self._fitted_at = [0] * len(self.known)
        """Verdicts by model of the last fit."""
        self._knows_some = sum(self._verdicts) >= FIRST_FIT
        self._solved_at = 0
        """Problems solved when it was foretold last."""
        self._spread = self._start
        nothing = Exploration(share=0.0, evidence=Evidence({}), open_problems=problems, room_pico=0)
        self._index = self._by(JointRates(self._spread), nothing)
        self._on_the_way = sum(sum(k.pending) for k in self.known)
        for problem in range(problems):
            key = self._key(problem)
            self._keys.append(key)
            if not self.solved[problem]:
                self._groups.setdefault(key, deque()).append(problem)
        self._rank_all()

    # -- which comes next -------------------------------------------------------------------------------------------

    def choose(self, model: int, most: int = 1) -> Candidate | None:
        """The model's next samples, at most so many, if it has one that is worth its price now."""
        if self.measured[model]:
            return Candidate(self.measured[model][0], 1, measured=True)
        if self.must_look or (self.lanes is not None and not self.lanes.is_judged(model)):
            return None
        best = self._best(model)
        if best is None or not self._is_worth(model, best[0]):
            return None
        key = self._keys[best[1]]
        n = (
            1
            if most == 1
            else self._index.together(self.kinds[key.kind], key, model, most, self._least_index)
        )
        return Candidate(best[1], n, measured=False)

    @property
    def _least_index(self) -> float:
        """The money reaches no sample below it."""
        return 0.0 if self.now is None else self.now.least_index

    def _is_worth(self, model: int, index: float) -> bool:
        """The best of all, unless the money doesn't reach it and verdicts on the way may bring a better one. Another
        while all better models are held up, if the money reaches it and it brings at least AS_GOOD of the best a
        dollar."""
        lanes = self.lanes
        better, held_up = 0.0, True
        for other in range(len(self.known)):
            if other != model and (lanes is None or lanes.can_be_asked(other)):
                found = self._best(other)
                if found is not None and found[0] > index:
                    better = max(better, found[0])
                    held_up = held_up and lanes is not None and lanes.is_held_up(other)
        if not better:
            return not self._on_the_way or index >= self._least_index
        return held_up and self.now is not None and index >= max(self._least_index, AS_GOOD * better)

    def _best(self, model: int) -> tuple[float, int] | None:
        """(index, problem); None where nothing is left that brings anything."""
        heap, queued = self._heaps[model], self._queued[model]
        while heap:
            index, key = -heap[0][0], heap[0][1]
            group = self._groups.get(key)
            while group and (self.solved[group[0]] or self._keys[group[0]] != key):
                group.popleft()
            if group:
                return index, group[0]
            heapq.heappop(heap)
            queued.discard(key)
        return None

    def best_now(self) -> tuple[int, float] | None:
        """(model, expected solves a pico-dollar) of the sample that is the best buy now; None where nothing is left to
        buy."""
        lanes = self.lanes
        able = [m for m in range(len(self.known)) if lanes is None or lanes.can_be_asked(m)]
        found = [(best[0], m, best[1]) for m in able if (best := self._best(m)) is not None]
        if not found:
            return None
        _, model, problem = max(found, key=lambda one: one[0])
        key = self._keys[problem]
        return model, self._index.expected(self.kinds[key.kind], key, model)

    @property
    def expected_solves(self) -> float | None:
        """What the rest of the money is expected to bring; None before anything is known."""
        if self.now is None:
            return None
        return max(0.0, self.now.solves - (sum(self.solved) - self._solved_at))

    def anything_left(self, model: int) -> bool:
        """Whether the model has a sample that might be bought, now or when another's failure makes it the best."""
        return bool(self.measured[model]) or self._best(model) is not None

    def left_to_measure(self, model: int, problem: int) -> int:
        """Draws of it that no outcome steers and that are still to be asked."""
        return self._to_measure[model][problem]

    def is_over(self, problem: int) -> bool:
        """Nothing more is asked of it but what was set down before any outcome."""
        return bool(self.solved[problem])

    def is_worthless(self, model: int, problem: int) -> bool:
        """Nothing more is bought of it but what is set down: its expected solves cost more than they are worth, or all
        but the samples kept for measuring are drawn."""
        return self._is_worthless(model, self._keys[problem])

    def worthless(self, model: int) -> NDArray[np.bool_]:
        """By problem, whether it is worthless."""
        by_key = np.array([self._is_worthless(model, key) for key in self._numbers], np.bool_)
        return by_key[np.frombuffer(self._number, np.int64)]

    def _is_worthless(self, model: int, key: Key) -> bool:
        known = self._worthless[model].get(key)
        if known is None:
            known = not any(key.pending) and self._index.of(self.kinds[key.kind], key, model) <= 0.0
            self._worthless[model][key] = known
        return known

    # -- what happened ----------------------------------------------------------------------------------------------

    def took(self, model: int, problem: int, n: int = 1, *, measured: bool) -> None:
        """Samples are on their way."""
        if measured:
            self.measured[model].popleft()
            self._to_measure[model][problem] -= 1
        self.known[model].pending[problem] += n
        self._on_the_way += n
        self._moved(problem)

    def lost(self, model: int, problem: int, n: int) -> None:
        """Samples do not come, for now or for good."""
        self.known[model].lost[problem] += self._lands(model, problem, n)
        self._moved(problem)

    def took_again(self, model: int, problem: int, n: int) -> None:
        """Lost ones are on their way again."""
        known = self.known[model]
        known.lost[problem] = max(0, known.lost[problem] - n)
        known.pending[problem] += n
        self._on_the_way += n
        self._moved(problem)

    def _lands(self, model: int, problem: int, n: int) -> int:
        pending = self.known[model].pending
        n = min(n, pending[problem])
        pending[problem] -= n
        self._on_the_way -= n
        return n

    def replaces(self, model: int, problem: int) -> None:
        """A draw that no outcome steers is asked in the place of one that an earlier run lost."""
        self.measured[model].remove(problem)
        self._to_measure[model][problem] -= 1

    def refuses(self, model: int, problem: int) -> None:
        """The model takes this problem from nobody."""
        kind = self.kinds[self.kind_of[problem]]
        wanted = (*kind.wanted[:model], 0, *kind.wanted[model + 1 :])
        self.kind_of[problem] = self._kind(replace(kind, wanted=wanted))
        if self._to_measure[model].pop(problem, 0):
            others = [other for other in self.measured[model] if other != problem]
            self.measured[model].clear()
            self.measured[model].extend(others)
        self._moved(problem)

    def _kind(self, kind: Kind) -> int:
        if kind not in self.kinds:
            self.kinds.append(kind)
        return self.kinds.index(kind)

    def judged(self, model: int, problem: int, *, passed: bool) -> None:
        """A sample has its verdict. One that can't be judged counts as wrong here: asking more brings the same."""
        known = self.known[model]
        self._lands(model, problem, 1)
        self._verdicts[model] += 1
        if passed:
            known.right[problem] += 1
            self.solved[problem] = 1
        else:
            known.wrong[problem] += 1
        self._moved(problem)

    def _moved(self, problem: int) -> None:
        key = self._key(problem)
        if key == self._keys[problem]:
            return
        self._keys[problem] = key
        self._number[problem] = self._numbers.setdefault(key, len(self._numbers))
        if self.solved[problem]:
            return
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = deque()
        group.append(problem)
        self._rank(key)

    def _key(self, problem: int) -> Key:
        pending = tuple(k.pending[problem] for k in self.known)
        failures = tuple(
            k.wrong[problem] + k.lost[problem] + n for k, n in zip(self.known, pending, strict=True)
        )
        return Key(self.kind_of[problem], failures, pending)

    # -- what is believed -------------------------------------------------------------------------------------------

    @property
    def is_stale(self) -> bool:
        """Whether enough verdicts came since the last fit."""
        if self.now is None or self._tells_more:
            return True
        return self._seems_over

    @property
    def _tells_more(self) -> bool:
        verdicts = sum(self._verdicts)
        if verdicts < FIRST_FIT:
            return False
        if verdicts >= GROWTH * sum(self._fitted_at):
            return True
        return any(
            n >= OWN_GROWTH * fitted + OWN_MORE
            for n, fitted in zip(self._verdicts, self._fitted_at, strict=True)
        )

    @property
    def _seems_over(self) -> bool:
        """Whether nothing is worth buying by a fit that some verdicts had no part in."""
        if self.worth_pico is None or self._on_the_way or self._verdicts == self._fitted_at:
            return False
        return not any(map(self.anything_left, range(len(self.known))))

    @property
    def must_look(self) -> bool:
        """Whether nothing is to be chosen before the verdicts of earlier runs are looked at, nor the run to end before
        the last ones are."""
        return self.lanes is not None and ((self.now is None and self._knows_some) or self._seems_over)

    @property
    def _start(self) -> Spread:
        return self.prior or vague(len(self.known))

    def snapshot(self) -> Snapshot:
        """What a fit reads, to be made elsewhere."""
        counts: dict[Counts, int] = {}
        open_: dict[tuple[int, tuple[int, ...]], int] = {}
        for problem, key in enumerate(self._keys):
            seen = tuple((k.right[problem], k.wrong[problem]) for k in self.known)
            if any(right or wrong for right, wrong in seen):
                counts[seen] = counts.get(seen, 0) + 1
            if not self.solved[problem]:
                open_[key[:2]] = open_.get(key[:2], 0) + 1
        # At the end from the start, as the next run will: what is complete stays so.
        fresh = self.now is None or self._seems_over
        start = self._start if fresh else self._spread
        self._fitted_at, self._solved_at = [*self._verdicts], sum(self.solved)
        lanes = self.lanes
        return Snapshot(
            prior=self.prior,
            spread=start,
            fresh=fresh,
            counts=counts,
            open=open_,
            kinds=tuple(self.kinds),
            models=len(self.known),
            explores=self.explores,
            cost_factors=self._cost_factors(),
            waiting_costs=self.waiting_costs,
            room_pico=0 if lanes is None else lanes.room_pico(),
            worth_pico=self.worth_pico,
        )

    def learnt(self, fitted: Fitted) -> None:
        """Goes on by what a fit found."""
        self._spread, self.now = fitted.spread, fitted.forecast
        self._index = self._by(JointRates(fitted.spread), fitted.exploration)
        self._rank_all()

    def _by(self, joint: JointRates, exploration: Exploration) -> SampleIndex:
        return SampleIndex(
            joint=joint,
            exploration=exploration,
            cost_factors=self._cost_factors(),
            worth_pico=self.worth_pico,
            waiting_costs=self.waiting_costs,
        )

    def _cost_factors(self) -> tuple[CostFactors, ...]:
        lanes, models = self.lanes, range(len(self.known))
        return tuple(CostFactors() if lanes is None else lanes.cost_factors(m) for m in models)

    def _rank_all(self) -> None:
        self._numbers, self._worthless = {}, [{} for _ in self.known]
        for problem, key in enumerate(self._keys):
            self._number[problem] = self._numbers.setdefault(key, len(self._numbers))
        for key in [key for key, group in self._groups.items() if not self._prune(key, group)]:
            del self._groups[key]
        self._heaps = [[] for _ in self.known]
        self._queued = [set() for _ in self.known]
        for key in self._groups:
            self._rank(key)

    def _prune(self, key: Key, group: deque[int]) -> bool:
        alive = deque(dict.fromkeys(p for p in group if not self.solved[p] and self._keys[p] == key))
        group.clear()
        group.extend(alive)
        return bool(group)

    def _rank(self, key: Key) -> None:
        for model in range(len(self.known)):
            if key not in self._queued[model]:
                index = self._index.of(self.kinds[key.kind], key, model)
                if index > 0.0:
                    self._queued[model].add(key)
                    heapq.heappush(self._heaps[model], (-index, key))
