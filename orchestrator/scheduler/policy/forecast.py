"""What the rest of the money is expected to bring: each open problem's best samples, one failure after the other, and
how far down their indices the money goes."""

from __future__ import annotations

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
    groups = sorted(open_problems.items(), key=lambda one: -one[1])
    taken = groups[:MOST_GROUPS]
    scale = sum(n for _, n in groups) / max(1, sum(n for _, n in taken))
    steps: list[tuple[float, float, float]] = []  # index, expected pico, expected solves
    for (kind, start), n in taken:
        failures, alive, lowest = start, n * scale, float("inf")
        for _ in range(MOST_STEPS):
            best = max(range(models), key=lambda m: index(kind, failures, m))
            worth = index(kind, failures, best)
            if worth <= 0.0 or alive < LEAST_ALIVE * n:
                break
            lowest = min(lowest, worth)
            chance = passes(failures, best)
            steps.append((lowest, alive * cost(kind, best), alive * chance))
            alive *= 1.0 - chance
            failures = (*failures[:best], failures[best] + 1, *failures[best + 1 :])
    steps.sort(reverse=True)
    pico = solves = 0.0
    for worth, costs, brings in steps:
        if pico + costs > room_pico:
            share = (room_pico - pico) / costs if costs > 0 else 0.0
            return Forecast(solves + share * brings, float(room_pico), worth)
        pico, solves = pico + costs, solves + brings
    return Forecast(solves, pico, 0.0)
