"""One model's samples, as the policy `solve` chooses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.work import Item, Work

if TYPE_CHECKING:
    from orchestrator.scheduler.policy.solve import Solve  # loads numpy


class SolveWork(Work):
    """Retries first; then one sample of the problem that the policy chooses for `model`."""

    def __init__(
        self,
        problems: Sequence[ProblemState],
        *,
        samples: Sequence[int],
        max_n: int,
        solve: Solve,
        model: int,
    ) -> None:
        self.solve = solve
        self._model = model
        super().__init__(problems, samples=samples, max_n=max_n, rounds=False, until_solved=False)
        self.expected_pico = 0.0
        """What the samples that arrived in this run were expected to cost."""

    def _refill(self, problem: int, indices: tuple[int, ...]) -> Iterator[Item]:
        """A draw that no outcome steers and that is lacking takes a lost one's place."""
        for index in indices:
            measured = self.solve.left_to_measure(self._model, problem) > 0
            if measured:
                self.solve.replaces(self._model, problem)
            yield Item(problem=problem, indices=(index,), measured=measured)

    def peek(self, now: float) -> Item | None:
        item = super().peek(now)
        if item is not None:
            return item
        chosen = self.solve.choose(self._model)
        if chosen is None:
            return None
        asked = self.asked[chosen.problem]
        return Item(problem=chosen.problem, indices=(asked,), measured=chosen.measured)

    def take(self, item: Item, n: int) -> Item:
        if item.indices[0] < self.asked[item.problem]:
            return super().take(item, n)
        self.solve.took(self._model, item.problem, measured=item.measured)
        self.asked[item.problem] += 1
        self.unasked -= 1
        return item

    def arrived(self, problem: int, n: int) -> None:
        super().arrived(problem, n)
        self.expected_pico += n * self.solve.kinds[self.solve.kind_of[problem]].costs[self._model]

    def judged(self, problem: int, *, passed: bool, index: int) -> None:
        super().judged(problem, passed=passed, index=index)
        self.solve.judged(self._model, problem, passed=passed)

    def close(self, problem: int) -> list[tuple[int, int]]:
        given_up = super().close(problem)
        self.solve.refuses(self._model, problem)
        return given_up

    @property
    def empty(self) -> bool:
        return not self._again and not self.solve.anything_left(self._model)

    def left(self, problem: int) -> int:
        measured = self.solve.left_to_measure(self._model, problem)
        if self.solve.is_worthless(self._model, problem):
            return measured
        return max(measured, super().left(problem))

    def _is_over(self, problem: int) -> bool:
        return self.solve.is_over(problem)

    def _queue(self, problem: int) -> None:
        """Nothing waits in this order: the policy has its own."""
