"""One model's samples, as the policy `solve` chooses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.work import Item, Work

if TYPE_CHECKING:
    from orchestrator.scheduler.policy.sample_index import Kind
    from orchestrator.scheduler.policy.solve import Solve  # loads numpy


class SolveWork(Work):
    """Retries first; then samples of the problem that the policy chooses for `model`."""

    def __init__(
        self,
        problems: Sequence[ProblemState],
        *,
        samples: Sequence[int],
        max_n: int,
        solve: Solve,
        model: int,
        unused_pico: int = 0,
    ) -> None:
        self.solve = solve
        self._model = model
        super().__init__(problems, samples=samples, max_n=max_n, rounds=False, until_solved=False)
        self.expected_prompt_pico = self.expected_output_pico = 0.0
        """What the prompts and the samples that are there were expected to cost."""
        for problem, of in enumerate(problems):
            self._expects(problem, of.requests, of.costed)
        self.paid_pico = unused_pico + sum(of.cost_pico for of in problems)
        """What those of earlier runs cost, with what bought none."""

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
        chosen = self.solve.choose(self._model, self.max_n)
        if chosen is None:
            return None
        asked = self.asked[chosen.problem]
        n = max(1, min(chosen.n, self.wanted[chosen.problem] - asked))
        return Item(problem=chosen.problem, indices=tuple(range(asked, asked + n)), measured=chosen.measured)

    def take(self, item: Item, n: int) -> Item:
        if item.indices[0] < self.asked[item.problem]:
            self.solve.took_again(self._model, item.problem, n)
            return super().take(item, n)
        self.solve.took(self._model, item.problem, n, measured=item.measured)
        self.asked[item.problem] += n
        self.unasked -= n
        return Item(problem=item.problem, indices=item.indices[:n], measured=item.measured)

    def arrived(self, problem: int, n: int) -> None:
        super().arrived(problem, n)
        self._expects(problem, min(n, 1), n)

    def _expects(self, problem: int, requests: int, samples: int) -> None:
        kind = self._kind(problem)
        further = kind.further[self._model]
        self.expected_prompt_pico += requests * (kind.costs[self._model] - further)
        self.expected_output_pico += samples * further

    def again(self, item: Item, ready_at: float) -> None:
        super().again(item, ready_at)
        self.solve.lost(self._model, item.problem, len(item.indices))

    def gave_up(self, problem: int, n: int) -> None:
        super().gave_up(problem, n)
        self.solve.lost(self._model, problem, n)

    def judged(self, problem: int, *, passed: bool, index: int) -> None:
        super().judged(problem, passed=passed, index=index)
        self.solve.judged(self._model, problem, passed=passed)

    def close(self, problem: int) -> list[tuple[int, int]]:
        given_up = super().close(problem)
        self.solve.refuses(self._model, problem)
        return given_up

    def verdicts_awaited(self) -> int:
        return sum(self.solve.known[self._model].pending)

    @property
    def empty(self) -> bool:
        return not self._again and not self.solve.anything_left(self._model)

    def left(self, problem: int) -> int:
        measured = self.solve.left_to_measure(self._model, problem)
        if self._is_over(problem):
            return measured
        most = min(self.wanted[problem], self._kind(problem).wanted[self._model])
        left = most - self.done[problem] - self.failed[problem]
        if left > measured and self._is_worthless(problem):
            return measured
        return max(measured, left)

    def _is_worthless(self, problem: int) -> bool:
        if self.solve.worth_pico is None:
            return False
        return self.solve.is_worthless(self._model, problem) and not self._is_asked_again(problem)

    def lacking(self) -> int:
        import numpy as np  # `Solve` has loaded it

        of_kind = np.array([kind.wanted[self._model] for kind in self.solve.kinds], np.int64)
        most = np.minimum(np.array(self.wanted, np.int64), of_kind[np.array(self.solve.kind_of, np.int64)])
        left = np.maximum(most - np.array(self.done) - np.array(self.failed), 0)
        left[np.frombuffer(bytes(self.solve.solved), np.bool_)] = 0
        if self.solve.worth_pico is not None:
            worthless = self.solve.worthless(self._model)
            worthless[np.array([waiting.item.problem for waiting in self._again], np.int64)] = False
            left[worthless] = 0
        measured = np.bincount(np.array(self.solve.measured[self._model], np.int64), minlength=len(left))
        return int(np.maximum(left, measured).sum())

    def _kind(self, problem: int) -> Kind:
        return self.solve.kinds[self.solve.kind_of[problem]]

    def _is_asked_again(self, problem: int) -> bool:
        return any(waiting.item.problem == problem for waiting in self._again)

    def _is_over(self, problem: int) -> bool:
        return self.solve.is_over(problem)

    def _queue(self, problem: int) -> None:
        """Nothing waits in this order: the policy has its own."""
