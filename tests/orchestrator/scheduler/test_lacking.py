"""What is still asked of a model: in all, as the display has it, and by problem."""

from __future__ import annotations

import random
from array import array
from collections import deque

import pytest

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.policy.cascade import cascade_works
from orchestrator.scheduler.policy.known import Known
from orchestrator.scheduler.policy.sample_index import Kind
from orchestrator.scheduler.policy.solve import Solve
from orchestrator.scheduler.policy.solve_work import SolveWork
from orchestrator.scheduler.work import Work

PROBLEMS, MODELS, SAMPLES = 40, 3, 6


def works(draw: random.Random, worth_pico: int | None) -> list[SolveWork]:
    """Some problems solved, some out of samples, some with draws that are set down."""
    done = [[draw.randint(0, SAMPLES) for _ in range(PROBLEMS)] for _ in range(MODELS)]
    right = [[draw.random() < 0.1 * n for n in of] for of in done]
    nothing = bytes(8 * PROBLEMS)
    costs = tuple(10.0**at for at in range(MODELS))
    solve = Solve(
        kinds=[
            Kind(costs=costs, further=costs, verdicts=(0.0,) * MODELS, wanted=(wanted,) * MODELS)
            for wanted in (SAMPLES, SAMPLES - 1)
        ],
        kind_of=[draw.randrange(2) for _ in range(PROBLEMS)],
        known=[
            Known(
                right=array("q", passed),
                wrong=array("q", (n - one for n, one in zip(of, passed, strict=True))),
                pending=array("q", nothing),
                lost=array("q", nothing),
            )
            for of, passed in zip(done, right, strict=True)
        ],
        measured=[deque(draw.sample(range(PROBLEMS), 7)) for _ in range(MODELS)],
        waiting_costs=[False] * MODELS,
        solved_before=[3, 5],
        worth_pico=worth_pico,
    )
    return [
        SolveWork(
            [ProblemState(done=n, next_index=n, solved=p, passed=p) for n, p in zip(of, passed, strict=True)],
            samples=[SAMPLES] * PROBLEMS,
            max_n=1,
            solve=solve,
            model=at,
        )
        for at, (of, passed) in enumerate(zip(done, right, strict=True))
    ]


@pytest.mark.parametrize("worth_pico", [None, 30])
@pytest.mark.parametrize("seed", range(5))
def test_solve_lacks_the_sum_of_what_is_left(seed: int, worth_pico: int | None) -> None:
    for work in works(random.Random(seed), worth_pico):
        work.gave_up(1, 1)
        work.close(2)
        assert work.lacking() == sum(map(work.left, range(PROBLEMS))) > 0
        for step in range(12):
            item = work.peek(0.0)
            if item is None:
                break
            taken = work.take(item, 1)
            if step % 3 == 0:
                work.again(taken, 1e9)
            elif step % 3 == 1:
                work.arrived(taken.problem, 1)
                work.judged(taken.problem, passed=step == 4, index=taken.indices[0])
            assert work.lacking() == sum(map(work.left, range(PROBLEMS)))


@pytest.mark.parametrize("until_solved", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_other_works_lack_the_sum_of_what_is_left(seed: int, until_solved: bool) -> None:
    draw = random.Random(seed)

    def there() -> list[ProblemState]:
        done = [draw.randint(0, SAMPLES) for _ in range(PROBLEMS)]
        return [ProblemState(done=n, next_index=n, solved=draw.random() < 0.1 * n) for n in done]

    plain = Work(there(), samples=SAMPLES, max_n=1, rounds=False, until_solved=until_solved)
    each = [SAMPLES] * PROBLEMS
    stages = cascade_works(
        ["a", "b"],
        {"a": there(), "b": there()},
        samples={"a": each, "b": each},
        max_n={"a": 1, "b": 1},
        rounds={"a": False, "b": False},
        solved=[3, 5],
    )
    for work in (plain, *stages.values()):
        work.gave_up(1, 1)
        work.close(2)
        assert work.lacking() == sum(map(work.left, range(PROBLEMS))) > 0
