"""What the rest of the money is expected to bring: each open problem's best samples, one failure after the other, and
how far down their indices the money goes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import NamedTuple

MOST_GROUPS = 300
"""Kinds of problems that are looked at; of more, the most frequent stand for all."""
MOST_STEPS = 400
LEAST_ALIVE = 1e-3


class Forecast(NamedTuple):
    """`solves` expected from now on for `pico`; a sample whose index is below `least_index` is not reached by it."""

    solves: float
    pico: float
    least_index: float


class _Step(NamedTuple):
    """A problem's next sample: what it brings for its cost, its chance, its cost, and where its failure leads."""

    worth: float
    chance: float
    cost: float
    failures: tuple[int, ...]


def forecast(
    open_problems: Mapping[tuple[int, tuple[int, ...]], int],
    index: Callable[[int, tuple[int, ...], int], float],
    passes: Callable[[tuple[int, ...], int], float],
    cost: Callable[[int, int], float],
    models: int,
    room_pico: int,
) -> Forecast:
    """`open_problems`: how many by kind and failures. `index(kind, failures, model)`: solves a pico-dollar;
    `passes(failures, model)`, `cost(kind, model)`: of the next sample."""
    known: dict[tuple[int, tuple[int, ...]], _Step] = {}

    def next_of(kind: int, failures: tuple[int, ...]) -> _Step:
        step = known.get((kind, failures))
        if step is None:
            worth, best = max((index(kind, failures, m), -m) for m in range(models))
            best = -best
            then = (*failures[:best], failures[best] + 1, *failures[best + 1 :])
            step = _Step(worth, passes(failures, best), cost(kind, best), then)
            known[kind, failures] = step
        return step

    groups = sorted(open_problems.items(), key=lambda one: -one[1])
    taken = groups[:MOST_GROUPS]
    scale = sum(n for _, n in groups) / max(1, sum(n for _, n in taken))
    # The best of all groups' next steps comes first, so that nothing is walked that the money doesn't reach.
    heap: list[tuple[float, int, int, float, _Step]] = []  # minus the least so far, group, steps, alive, step
    for at, ((kind, start), n) in enumerate(taken):
        step = next_of(kind, start)
        if step.worth > 0.0:
            heap.append((-step.worth, at, 1, n * scale, step))
    heapq.heapify(heap)
    pico = solves = 0.0
    while heap:
        least, at, steps, alive, step = heap[0]
        costs, brings = alive * step.cost, alive * step.chance
        if pico + costs > room_pico:
            share = (room_pico - pico) / costs if costs > 0 else 0.0
            return Forecast(solves + share * brings, float(room_pico), -least)
        pico, solves, alive = pico + costs, solves + brings, alive * (1.0 - step.chance)
        (kind, _), n = taken[at]
        step = next_of(kind, step.failures)
        if step.worth <= 0.0 or alive < LEAST_ALIVE * n or steps == MOST_STEPS:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (max(least, -step.worth), at, steps + 1, alive, step))
    return Forecast(solves, pico, 0.0)
