"""How many problems a budget solves under each policy, of simulated models and of real draws:

    python -m benchmarks.policies [--runs 8] [--first 0] [--shapes NAME;NAME] [--tape] [--counts COUNTS.csv]
    python -m benchmarks.policies --decisions

Simulated: six shapes of the spread of pass rates, the models' rates going together or not, 2 to 5 models, prices that
differ 3 to 100 times, 200 problems; budgets of 1, 2, 4 … 64 times what one sample of each problem costs of the
cheapest model. All policies see the same draws, and each run has problems of its own. *uniform*: the best single model,
as many samples of every problem; *until_solved*: the best single model, rounds over what it hasn't solved; *cascade*:
from the cheapest to the most expensive model, the best number of samples a stage (1 to 64). What is best in these three
is chosen for each budget by the mean of all runs, which nobody knows beforehand. *solve*: the policy's own code,
verdict by verdict. *reference*: the same, told the true spread of rates, not any problem's own rate.
*oracle*: told each problem's rate. `--tape` is the quickstart's recording; `--counts` a file of counts with `set`,
`model`, `problem`, `n` and `c`, of which models with parameters in their name ("pythia-1.4b") cost in proportion.
benchmarks/policies_figure.py draws what is printed. `--decisions`: the time of a choice, 10,000 problems, 5 models."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.joint_rates import RATES, Spread
from orchestrator.scheduler.policy.sample_index import Kind
from orchestrator.scheduler.policy.solve import EXPLORES, Known, Solve
from orchestrator.scheduler.policy.solve_fit import Fitted, refit

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PROBLEMS = 200
TIMES = (1, 2, 4, 8, 16, 32, 64)
STAGES = (1, 2, 4, 8, 16, 32, 64)
NEVER = 10**7
FINE = 100_000
QUICKSTART = Path(__file__).parents[1] / "orchestrator/quickstart/quickstart.toml"
SHARED = (0.0, 0.8)
POLICIES = ("uniform", "until_solved", "cascade", "solve", "reference", "oracle")


class World(NamedTuple):
    """`rates`: (problems, models); `spread`: the true one; `cost` of a sample, the cheapest model's 1. `drawn`: the
    rates of other problems of the same kind; None: there are no others."""

    name: str
    rates: Floats
    cost: Floats
    spread: Spread | None
    most: int = NEVER
    drawn: Callable[[np.random.Generator], Floats] | None = None


Found = dict[str, Floats]
"""By policy, problems solved for each of TIMES."""


# -- worlds ------------------------------------------------------------------------------------------------------------


@cache
def _beta(a: float, b: float) -> Callable[[Floats], Floats]:
    quantiles = np.sort(np.random.default_rng(0).beta(a, b, FINE))
    return lambda u: quantiles[np.minimum((u * FINE).astype(np.int64), FINE - 1)]


def _half_out_of_reach(u: Floats) -> Floats:
    return np.where(u < 0.5, 0.0, _beta(1, 2)(np.clip(2 * u - 1, 0, 1 - 1e-9)))


SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "Beta(.3,1)": lambda u: _beta(0.3, 1)(u),
    "Beta(1,3)": lambda u: _beta(1, 3)(u),
    "uniform": lambda u: u,
    "two kinds": lambda u: np.where(u < 0.6, 0.02, 0.7),
    "half out of reach": _half_out_of_reach,
    "long tail": lambda u: np.minimum(0.95, np.exp(-6 + 4 * u + 2 * u**3)),
}


def worlds(shapes: list[str]) -> Iterator[World]:
    """Two of each shape and correlation."""
    number = 0
    for shape in SHAPES:
        for shared in SHARED:
            for again in range(2):
                models = 2 + number % 4
                ratio = (3.0, 10.0, 30.0, 100.0)[(number // 4 + number + again) % 4]
                number += 1
                if shape in shapes:
                    yield _world(np.random.default_rng(number), shape, shared, models, ratio)


def _world(generator: np.random.Generator, shape: str, shared: float, models: int, ratio: float) -> World:
    cost = ratio ** (np.arange(models) / (models - 1))
    # A model that costs c times as much is as good as so many tries of the cheapest: between c to the 0.2 and c.
    tries = cost ** generator.uniform(0.2, 1.0, models)

    def drawn(generator: np.random.Generator) -> Floats:
        ease = generator.standard_normal(PROBLEMS)
        own = generator.standard_normal((PROBLEMS, models))
        u = _normal(np.sqrt(shared) * ease[:, None] + np.sqrt(1 - shared) * own)
        return 1 - (1 - SHAPES[shape](u)) ** tries

    fine = SHAPES[shape]((np.arange(FINE) + 0.5) / FINE)
    mass = np.array([_on_the_grid(1 - (1 - fine) ** t) for t in tries.tolist()])
    name = f"{shape}, {models} models, 1:{ratio:g}, {'together' if shared else 'apart'}"
    return World(name, drawn(generator), cost, Spread(mass, shared), drawn=drawn)


def _on_the_grid(rates: Floats) -> Floats:
    middles = (RATES[1:] + RATES[:-1]) / 2
    at: Whole = np.searchsorted(middles, rates)
    return np.bincount(at, minlength=len(RATES)) / len(rates)


def _normal(at: Floats) -> Floats:
    distribution = NormalDist().cdf
    return np.array([distribution(float(x)) for x in at.ravel()]).reshape(at.shape)


# -- policies that need no belief --------------------------------------------------------------------------------------


def first_tries(generator: np.random.Generator, world: World) -> Whole:
    """(problems, models): at which sample the first pass comes; NEVER if none does."""
    rates = np.maximum(world.rates, 1e-9)
    drawn = generator.geometric(rates)
    return np.where((world.rates <= 0) | (drawn > world.most), NEVER, drawn)


def uniform(first: Whole, world: World, budgets: Floats) -> Floats:
    """(models, budgets). By expectation, so that a part of a sample is no whole one's luck."""
    problems = len(first)
    found = np.zeros((len(world.cost), len(budgets)))
    for model, cost in enumerate(world.cost):
        k = np.minimum(budgets / (problems * cost), world.most)
        whole = np.floor(k)
        solved = np.array([(first[:, model] <= n).sum() for n in whole])
        more = np.array([(first[:, model] <= n + 1).sum() for n in whole])
        found[model] = solved + (k - whole) * (more - solved)
    return found


def in_rounds(first: Whole, stages: list[tuple[int, float, int]], budgets: Floats) -> Floats:
    """Each round asks every open problem once, of the model of its stage. `stages`: (model, cost, samples)."""
    problems = len(first)
    open_ = np.ones(problems, bool)
    spent, solved = 0.0, 0.0
    found = np.zeros(len(budgets))
    done = np.zeros(len(budgets), bool)
    for model, cost, samples in stages:
        for number in range(1, samples + 1):
            asked, passes = int(open_.sum()), open_ & (first[:, model] == number)
            newly = int(passes.sum())
            ends = ~done & (spent + asked * cost > budgets)
            share = (budgets[ends] - spent) / max(asked * cost, 1e-300)
            found[ends] = solved + share * newly
            done |= ends
            if done.all() or not asked:
                break
            spent, solved = spent + asked * cost, solved + newly
            open_ &= ~passes
    found[~done] = solved
    return found


def until_solved(first: Whole, world: World, budgets: Floats) -> Floats:
    """(models, budgets)."""
    most = int(min(world.most, 20_000))
    return np.array([in_rounds(first, [(m, float(c), most)], budgets) for m, c in enumerate(world.cost)])


def cascade(first: Whole, world: World, budgets: Floats) -> Floats:
    """(STAGES, budgets). The last stage goes on as long as there is money."""
    models = [(m, float(c)) for m, c in enumerate(world.cost)]
    most = int(min(world.most, 20_000))
    return np.array(
        [
            in_rounds(
                first,
                [(m, c, most if m == len(models) - 1 else min(k, most)) for m, c in models],
                budgets,
            )
            for k in STAGES
        ]
    )


def oracle(first: Whole, world: World, budgets: Floats) -> Floats:
    worth = world.rates / world.cost
    model = worth.argmax(axis=1)
    at = np.arange(len(first))
    order = np.argsort(-worth[at, model], kind="stable")
    tries, cost = first[at, model][order], world.cost[model][order]
    solvable = tries < NEVER
    spent = np.cumsum((tries * cost)[solvable])
    return np.array([(spent <= budget).sum() for budget in budgets], np.float64)


# -- solve -------------------------------------------------------------------------------------------------------------


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


def steered(first: Whole, world: World, budgets: Floats, told: Spread | None, *, in_flight: int = 1) -> Spent:
    """The policy's own code, so many samples on their way at a time, which land in their order. `told`: the true
    spread, which is then not fitted."""
    problems, models = first.shape
    solve = policy(world, problems, explores=0.0 if told is not None else EXPLORES)
    lanes = solve.lanes = Money(int(1e6 * budgets[-1]))
    if told is not None:
        solve.learnt(Fitted(told, refit(solve.snapshot()).forecast))
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
    from array import array

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


# -- what is printed ---------------------------------------------------------------------------------------------------


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
            "solve": steered(first, world, budgets, None, in_flight=in_flight).found,
            "oracle": oracle(first, world, budgets),
        }
        if world.spread is not None:
            shown["reference"] = steered(first, world, budgets, world.spread).found
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


# -- real draws --------------------------------------------------------------------------------------------------------


def of_counts(file: Path) -> Iterator[World]:
    """Sets in which several models have the same problems and their parameters are told."""
    sets: dict[str, dict[str, dict[str, float]]] = {}
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(line for line in lines if not line.startswith("#")):
            rate = int(row["c"]) / int(row["n"])
            sets.setdefault(row["set"], {}).setdefault(row["model"], {})[row["problem"]] = rate
    for name, models in sets.items():
        sized = sorted((size, model) for model in models if (size := _parameters(model)) is not None)
        shared = [set(models[model]) for _, model in sized]
        problems = sorted(shared[0].intersection(*shared[1:])) if shared else []
        chosen = sized[:: max(1, (len(sized) - 1) // 4)][:5]
        if len(chosen) > 1 and len(problems) >= 20:
            rates = np.array([[models[m][p] for _, m in chosen] for p in problems])
            cost = np.array([size for size, _ in chosen])
            yield World(f"{name}, {len(chosen)} models", rates, cost / cost[0], None)


def _parameters(model: str) -> float | None:
    found = re.search(r"(\d+(?:\.\d+)?)\s*([bm])\b", model.lower().replace("_", "-"))
    return None if found is None else float(found[1]) * (1.0 if found[2] == "b" else 1e-3)


def of_tape(folder: Path) -> tuple[World, Whole]:
    """The quickstart's recording as it was drawn: (problems, models, samples) of passes."""
    import sqlite3

    from orchestrator.cli.main import main as manyfew

    db = folder / "quickstart.db"
    with (
        contextlib.suppress(SystemExit),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        manyfew(["run", str(QUICKSTART), "--db", str(db), "--progress", "none"])
    with sqlite3.connect(db) as connection:
        models = [
            row[0] for row in connection.execute("SELECT DISTINCT model FROM sample_records ORDER BY model")
        ]
        rows = connection.execute(
            "SELECT problem, model, sample_index, passed FROM sample_records ORDER BY problem"
        ).fetchall()
        cost = dict(
            connection.execute("SELECT model, avg(cost_usd) FROM sample_records GROUP BY model").fetchall()
        )
    models.sort(key=lambda alias: cost[alias])
    places = {problem: at for at, problem in enumerate(dict.fromkeys(row[0] for row in rows))}
    passed = np.zeros((len(places), len(models), 64), np.int64)
    for problem, model, index, right in rows:
        passed[places[problem], models.index(model), index] = right or 0
    costs: Floats = np.array([float(cost[alias]) for alias in models])
    return World(
        "the quickstart's tape",
        np.asarray(passed.mean(axis=2), np.float64),
        np.asarray(costs / costs[0], np.float64),
        None,
        most=64,
    ), passed


def of_passes(passed: Whole) -> Callable[[np.random.Generator, World], Whole]:
    """The recorded samples in an order of chance."""

    def draw(generator: np.random.Generator, world: World) -> Whole:
        mixed = generator.permuted(passed, axis=2)
        return np.where(mixed.any(axis=2), mixed.argmax(axis=2) + 1, NEVER)

    return draw


def decisions() -> None:
    """What a choice with its bookkeeping takes, apart from fits, which run beside."""
    generator = np.random.default_rng(3)
    problems, models, steps = 10_000, 5, 100_000
    rates = generator.beta(0.4, 2, (problems, models))
    world = World("", rates, np.array([3.0**m for m in range(models)]), None)
    solve = policy(world, problems)
    first = first_tries(generator, world)
    drawn = np.zeros((problems, models), np.int64)
    taken = fits = 0.0
    for _ in range(steps):
        if solve.is_stale:
            began = time.process_time()
            solve.learnt(refit(solve.snapshot()))
            fits += time.process_time() - began
        began = time.process_time()
        chosen = next(((m, c) for m in range(models) if (c := solve.choose(m)) is not None), None)
        if chosen is None:
            break
        model, problem = chosen[0], chosen[1].problem
        solve.took(model, problem, measured=False)
        drawn[problem, model] += 1
        solve.judged(model, problem, passed=bool(first[problem, model] == drawn[problem, model]))
        taken += time.process_time() - began
    print(f"{1e6 * taken / steps:.1f} µs a decision at {problems:,} problems × {models} models", end="; ")
    print(f"fits {fits:.1f} s for {steps:,} samples")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument(
        "--first", type=int, default=0, help="of the runs' numbers, from which their draws follow"
    )
    parser.add_argument("--shapes", help="names joined by ;")
    parser.add_argument("--tape", action="store_true")
    parser.add_argument("--counts", type=Path)
    parser.add_argument("--decisions", action="store_true")
    given = parser.parse_args()
    if given.decisions:
        return decisions()
    runs = range(given.first, given.first + given.runs)
    if given.tape:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            world, passed = of_tape(Path(folder))
        table(iter([studied(world, runs, of_passes(passed))]))
    elif given.counts is not None:
        table(studied(world, runs, first_tries) for world in of_counts(given.counts))
    else:
        shapes = list(SHAPES) if given.shapes is None else given.shapes.split(";")
        table(studied(world, runs, first_tries) for world in worlds(shapes))
    return None


if __name__ == "__main__":
    sys.exit(main())
