"""The policy solve's own code on draws whose rates are known."""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.policies.worlds import Floats, Whole, World
from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.joint_rates import Spread
from orchestrator.scheduler.policy.known import Known
from orchestrator.scheduler.policy.sample_index import Kind
from orchestrator.scheduler.policy.solve import EXPLORES, Solve
from orchestrator.scheduler.policy.solve_fit import refit


class Spent(NamedTuple):
    """`found`: problems solved for each budget; `needless`: the share of the money for samples of problems that others
    had solved, or were about to; `waits`: how often all that was on its way had to come in, one after the other."""

    found: Floats
    needless: float
    waits: int


@dataclass
class Money:
    """Models that take whatever is asked of them while there is `room`, in pico-dollars."""

    room: int

    def can_go_on(self, model: int, /) -> bool:
        return True

    def can_be_asked(self, model: int, /) -> bool:
        return True

    def is_held_up(self, model: int, /) -> bool:
        return False

    def is_judged(self, model: int, /) -> bool:
        return True

    def room_pico(self) -> int:
        return self.room

    def cost_factors(self, model: int, /) -> CostFactors:
        return CostFactors()


def steered(first: Whole, world: World, budgets: Floats, *, in_flight: int = 1) -> list[Spent]:
    """The policy's own code, a run for each of the budgets, so many samples on their way at a time, which land in their
    order."""
    return [_run(first, world, budgets[at : at + 1], None, in_flight) for at in range(len(budgets))]


def reference(first: Whole, world: World, budgets: Floats) -> Floats:
    """The same told the true spread. It has nothing to find out: with less money it buys the same, only less."""
    return _run(first, world, budgets, world.spread, 1).found


def _run(first: Whole, world: World, budgets: Floats, told: Spread | None, in_flight: int) -> Spent:
    problems, models = first.shape
    solve = policy(world, problems, explores=0.0 if told is not None else EXPLORES)
    lanes = solve.lanes = Money(int(1e6 * budgets[-1]))
    if told is not None:
        solve.learnt(refit(solve.snapshot())._replace(spread=told))
    drawn = np.zeros((problems, models), np.int64)
    solved = np.zeros(problems, bool)
    on_the_way: deque[tuple[int, int, bool]] = deque()
    spent, needless, sent, waits, at = 0.0, 0.0, 0, 0, 0
    found = np.zeros(len(budgets))
    cost = world.cost.tolist()
    while at < len(budgets):
        if told is None and solve.is_stale:
            solve.learnt(refit(solve.snapshot()))
        chosen = next(((m, c) for m in range(models) if (c := solve.choose(m)) is not None), None)
        if chosen is not None and len(on_the_way) < in_flight:
            model, problem = chosen[0], chosen[1].problem
            while at < len(budgets) and spent + cost[model] > budgets[at]:
                found[at] = solved.sum()
                at += 1
            solve.took(model, problem, measured=False)
            drawn[problem, model] += 1
            passed = bool(first[problem, model] == drawn[problem, model])
            needless += cost[model] * bool(solved[problem])
            solved[problem] |= passed
            on_the_way.append((model, problem, passed))
            spent, sent = spent + cost[model], sent + 1
            lanes.room -= int(1e6 * cost[model])
        elif on_the_way:
            waits += len(on_the_way) < in_flight
            model, problem, passed = on_the_way.popleft()
            solve.judged(model, problem, passed=passed)
        else:
            break
    found[at:] = solved.sum()
    return Spent(found, needless / max(spent, 1e-9), waits + sent // in_flight)


def policy(
    world: World,
    problems: int,
    *,
    explores: float = EXPLORES,
    right: Whole | None = None,
    wrong: Whole | None = None,
) -> Solve:
    """Before anything is drawn, or after so many right and wrong samples (problems, models). Costs in pico-dollars."""
    models = len(world.cost)
    costs = tuple(float(c) * 1e6 for c in world.cost)
    kind = Kind(
        costs=costs, further=costs, verdicts=(0.0,) * models, wanted=(min(world.most, 10**9),) * models
    )
    nothing = bytes(8 * problems)

    def drawn(counts: Whole | None, model: int) -> array[int]:
        return array("q", nothing if counts is None else counts[:, model].astype(np.int64).tobytes())

    return Solve(
        kinds=[kind],
        kind_of=[0] * problems,
        known=[
            Known(
                right=drawn(right, model),
                wrong=drawn(wrong, model),
                pending=array("q", nothing),
                lost=array("q", nothing),
            )
            for model in range(models)
        ],
        waiting_costs=[False] * models,
        measured=[deque() for _ in range(models)],
        explores=explores,
    )
