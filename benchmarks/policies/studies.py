"""Each policy on the same draws, and the tables of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.policies.steered import reference, steered
from benchmarks.policies.unsteered import cascade, oracle, uniform, until_solved
from benchmarks.policies.worlds import Floats, Whole, World

TIMES = (1, 2, 4, 8, 16, 32, 64)
POLICIES = ("uniform", "until_solved", "cascade", "solve", "reference", "oracle")

Found = dict[str, Floats]
"""By policy, problems solved for each of TIMES."""


@dataclass
class Study:
    """A world's means over runs. `noise`: for each of TIMES the standard error of solve less the better of cascade and
    until_solved, which had the same draws, as a share of the latter."""

    world: World
    found: Found
    noise: Floats

    @property
    def over_best(self) -> Floats:
        """For each of TIMES."""
        best = np.maximum(self.found["cascade"], self.found["until_solved"])
        return self.found["solve"] / np.maximum(best, 1e-9)

    def row(self, at: int) -> str:
        cells = " | ".join(f"{self.found[p][at]:.0f}" if p in self.found else "" for p in POLICIES)
        return f"| {self.world.name} | {TIMES[at]} | {cells} |"


def studied(
    world: World, runs: range, draw: Callable[[np.random.Generator, World], Whole], *, in_flight: int = 1
) -> Study:
    budgets = np.array(TIMES) * len(world.rates) * float(world.cost[0])
    total: dict[str, list[Floats]] = {}
    for run in runs:
        generator = np.random.default_rng(1000 + run)
        if world.drawn is not None:
            world = world._replace(rates=world.drawn(generator))
        first = draw(generator, world)
        shown = {
            "uniform": uniform(first, world, budgets),
            "until_solved": until_solved(first, world, budgets),
            "cascade": cascade(first, world, budgets),
            "solve": np.array([one.found[0] for one in steered(first, world, budgets, in_flight=in_flight)]),
            "oracle": oracle(first, world, budgets),
        }
        if world.spread is not None:
            shown["reference"] = reference(first, world, budgets)
        for name, solved in shown.items():
            total.setdefault(name, []).append(solved)
    means = {name: np.mean(solved, axis=0) for name, solved in total.items()}
    found = {name: mean if mean.ndim == 1 else mean.max(axis=0) for name, mean in means.items()}
    others = np.concatenate([total["cascade"], total["until_solved"]], axis=1)  # (runs, choices, TIMES)
    chosen = others.mean(axis=0).argmax(axis=0)
    best = np.take_along_axis(others, chosen[None, None], axis=1)[:, 0]
    less = np.array(total["solve"]) - best
    noise = less.std(axis=0) / max(1, len(runs) - 1) ** 0.5 / np.maximum(best.mean(axis=0), 1e-9)
    return Study(world, found, noise)


def behind(studies: list[Study]) -> None:
    """Where solve is more than 2% behind the better of cascade and until_solved, the farthest first."""
    found = sorted(
        (float(s.over_best[at]), float(s.noise[at]), s.world.name, TIMES[at])
        for s in studies
        for at in range(len(TIMES))
        if s.over_best[at] < 0.98
    )
    sure = sum(over + 2 * noise < 0.98 for over, noise, _, _ in found)
    some = sum(over + 2 * noise < 1.0 for over, noise, _, _ in found)
    print(
        f"\n{len(found)} settings are more than 2% behind the better of cascade and until_solved, {sure} of them by "
        f"more than two standard errors; {some} are behind it at all by more than two"
    )
    for over, noise, name, times in found:
        print(f"- {name}, {times} times: {over:.3f} ± {noise:.3f}")


def summary(studies: list[Study]) -> None:
    def over(name: str) -> Floats:
        return np.concatenate([s.found["solve"] / np.maximum(s.found[name], 1e-9) for s in studies])

    best = np.concatenate([s.over_best for s in studies])
    shares = np.concatenate([s.found["uniform"] / len(s.world.rates) for s in studies])
    middle = (shares >= 0.3) & (shares <= 0.7)
    rows = {
        "best of cascade and until_solved": best,
        "uniform where it solves 30–70%": over("uniform")[middle],
    }
    if all("reference" in s.found for s in studies):
        rows = {"reference": over("reference"), **rows}
    print("\n| solve over | settings | least | 10% | median |")
    print("|---|---|---|---|---|")
    for name, of in rows.items():
        if len(of):
            least, tenth, median = np.quantile(of, [0, 0.1, 0.5])
            print(f"| {name} | {len(of)} | {least:.3f} | {tenth:.3f} | {median:.3f} |")


def table(studies: Iterator[Study]) -> list[Study]:
    print(f"| models | times | {' | '.join(POLICIES)} |")
    print("|---" * (2 + len(POLICIES)) + "|")
    done: list[Study] = []
    for study in studies:
        done.append(study)
        for at in range(len(TIMES)):
            print(study.row(at), flush=True)
    summary(done)
    behind(done)
    return done
