"""One model's samples, as the policy `narrow` chooses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.work import Item, Work

if TYPE_CHECKING:
    from orchestrator.scheduler.policy.narrow import Narrow  # loads numpy and scipy: a second


class NarrowWork(Work):
    """Retries first; then the samples that are planned, packed up to max_n."""

    def __init__(
        self,
        problems: Sequence[ProblemState],
        *,
        samples: Sequence[int],
        max_n: int,
        narrow: Narrow,
        model: int,
        unused_pico: int = 0,
    ) -> None:
        self.narrow = narrow
        self._model = model
        self._guides: set[tuple[int, int]] = set()
        """(problem, index) of guides on their way or waiting for their verdict."""
        super().__init__(problems, samples=samples, max_n=max_n, rounds=False, until_solved=False)
        cost = narrow.models[model].cost
        self.expected_pico = sum(of.costed * cost[problem] for problem, of in enumerate(problems))
        """What the samples that are there were expected to cost."""
        self.paid_pico = unused_pico + sum(of.cost_pico for of in problems)
        """What those of earlier runs cost, with what bought none."""

    def _refill(self, problem: int, indices: tuple[int, ...]) -> Iterator[Item]:
        """What was lost counts when it is asked anew, since no outcome has a part in that."""
        yield Item(problem=problem, indices=indices, measured=True)

    def peek(self, now: float) -> Item | None:
        item = super().peek(now)
        if item is not None:
            return item
        chosen = self.narrow.choose(self._model)
        if chosen is None:
            return None
        asked = self.asked[chosen.problem]
        indices = tuple(range(asked, asked + min(chosen.n, self.max_n)))
        return Item(problem=chosen.problem, indices=indices, measured=chosen.measured)

    def take(self, item: Item, n: int) -> Item:
        if item.indices[0] < self.asked[item.problem]:
            return super().take(item, n)
        self.narrow.took(self._model, item.problem, n, measured=item.measured)
        if not item.measured:
            self._guides.update((item.problem, index) for index in item.indices[:n])
        self.asked[item.problem] += n
        self.unasked -= n
        return Item(problem=item.problem, indices=item.indices[:n], measured=item.measured)

    def arrived(self, problem: int, n: int) -> None:
        super().arrived(problem, n)
        self.narrow.arrived(self._model, n)
        self.expected_pico += n * self.narrow.models[self._model].cost[problem]

    def gave_up(self, problem: int, n: int) -> None:
        super().gave_up(problem, n)
        self.narrow.arrived(self._model, n)

    def judged(self, problem: int, *, passed: bool, index: int) -> None:
        super().judged(problem, passed=passed, index=index)
        if (problem, index) in self._guides:
            self._guides.remove((problem, index))
            self.narrow.judged(self._model, problem, passed=passed)

    def close(self, problem: int) -> list[tuple[int, int]]:
        given_up = super().close(problem)
        self.narrow.refuses(self._model, problem)
        return given_up

    @property
    def empty(self) -> bool:
        return not self._again and not self.narrow.anything_left(self._model)

    def left(self, problem: int) -> int:
        if self.narrow.may_be_asked(self._model):
            return super().left(problem)
        asked = self.asked[problem] - self.done[problem] - self.failed[problem]
        return max(0, asked) + self.narrow.planned(self._model, problem)

    def lacking(self) -> int:
        if self.narrow.may_be_asked(self._model):
            return super().lacking()
        return sum(map(self.left, range(len(self.done))))

    def _queue(self, problem: int) -> None:
        """Nothing waits in this order: the policy has its own."""
