"""A cascade: each problem climbs the stages while it is unsolved, breadth first within a stage. No I/O."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.work import Work


class Cascade:
    """Where each problem stands, which all stages share."""

    def __init__(self, problems: int) -> None:
        self.solved = bytearray(problems)
        """By any model."""
        self.at = array("q", [0] * problems)
        """The stage whose attempts are not spent yet."""
        self._stages: list[CascadeWork] = []

    def begins(self, stages: Sequence[CascadeWork]) -> None:
        """Once all are made, from what they have."""
        self._stages = list(stages)
        for stage in stages:
            for problem, solved in enumerate(stage.solved):
                self.solved[problem] |= solved
        for problem in range(len(self.at)):
            self.moves_on(problem)
        for stage in stages:
            stage.begins()

    def moves_on(self, problem: int) -> None:
        """To the first stage that may still try it."""
        while (
            not self.solved[problem]
            and self.at[problem] < len(self._stages)
            and self._stages[self.at[problem]].is_spent(problem)
        ):
            self.at[problem] += 1
            if self.at[problem] < len(self._stages):
                self._stages[self.at[problem]].opens(problem)

    def stands(self, stages: Mapping[int, str]) -> tuple[tuple[str, int], ...]:
        """By stage, its name and how many unsolved problems stand at it."""
        there = Counter(at for at, solved in zip(self.at, self.solved, strict=True) if not solved)
        return tuple((stages[stage], there[stage]) for stage in sorted(stages))

    def is_solved(self, problem: int) -> None:
        """No stage asks it any more."""
        self.solved[problem] = 1


class CascadeWork(Work):
    """One stage: a model's samples of the problems that stand there. One sample of a problem is on its way at a time,
    unless `rounds` (of 1, 1, 2, 4 … where waiting costs more than samples that turn out needless)."""

    def __init__(
        self,
        problems: Sequence[ProblemState],
        *,
        samples: Sequence[int],
        max_n: int,
        rounds: bool,
        cascade: Cascade,
        stage: int,
    ) -> None:
        self.cascade = cascade
        self.stage = stage
        self._in_rounds = rounds
        super().__init__(problems, samples=samples, max_n=max_n, rounds=True, until_solved=True)

    def begins(self) -> None:
        """Queues the problems that stand here."""
        for problem in range(len(self.asked)):
            self._queue(problem)

    def opens(self, problem: int) -> None:
        """It has come here."""
        self._reopen(problem)

    def is_spent(self, problem: int) -> bool:
        """It failed here as often as it is asked."""
        return not self.busy[problem] and not super().left(problem)

    def has_its_turn(self) -> bool:
        """Whether what it lacks is its own to ask now, not held up by an earlier stage."""
        at = self.cascade.at
        return any(at[problem] == self.stage and self.left(problem) for problem in range(len(at)))

    def judged(self, problem: int, *, passed: bool, index: int) -> None:
        if passed:
            self.cascade.is_solved(problem)
        super().judged(problem, passed=passed, index=index)
        self.cascade.moves_on(problem)

    def gave_up(self, problem: int, n: int) -> None:
        super().gave_up(problem, n)
        self.cascade.moves_on(problem)

    def close(self, problem: int) -> list[tuple[int, int]]:
        given_up = super().close(problem)
        self.cascade.moves_on(problem)
        return given_up

    def _is_over(self, problem: int) -> bool:
        return bool(self.cascade.solved[problem])

    def _over(self) -> Iterable[int]:
        return self.cascade.solved

    def _waits(self, problem: int) -> bool:
        return self.cascade.at[problem] != self.stage or super()._waits(problem)

    def _target(self, problem: int, asked: int) -> int:
        return super()._target(problem, asked) if self._in_rounds else min(asked + 1, self.wanted[problem])


def cascade_works(
    order: Sequence[str],
    problems: Mapping[str, Sequence[ProblemState]],
    *,
    samples: Mapping[str, Sequence[int]],
    max_n: Mapping[str, int],
    rounds: Mapping[str, bool],
    solved: Collection[int] = (),
) -> dict[str, Work]:
    """The stages by alias. All maps are by alias too. `solved`: problems that other models solved as well."""
    cascade = Cascade(len(problems[order[0]]))
    for problem in solved:
        cascade.is_solved(problem)
    works = {
        alias: CascadeWork(
            problems[alias],
            samples=samples[alias],
            max_n=max_n[alias],
            rounds=rounds[alias],
            cascade=cascade,
            stage=stage,
        )
        for stage, alias in enumerate(order)
    }
    cascade.begins(list(works.values()))
    return dict(works)
