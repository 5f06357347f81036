"""Whether what `plan` predicts of a policy's money comes true:

    python -m benchmarks.policies.foretold [--runs 100] [--pilot 2] [--first 0] [--shapes NAME;NAME]

The worlds of benchmarks/policies: of each the pilot has so many samples of every problem and model, whatever their
outcomes. From its counts `foretell` says what 1, 4 and 16 times the cost of the cheapest model's sample of each problem
solve more under *solve*, *cascade* (its best number of samples a stage) and *uniform* (the model that it names); then
the policy's own code, or that plan, is carried out on further draws of the same problems. Told are, over all runs of a
row, the mean of what was predicted less what was solved, in problems and in standard deviations of one run's
difference, the share of runs whose number solved lies within the band, how wide that is, and its interval score
(Winkler's: the width, and 40 times what the number lies outside; less is better).
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.policies.steered import Money, policy
from benchmarks.policies.unsteered import in_rounds
from benchmarks.policies.worlds import NEVER, SHAPES, World, worlds
from orchestrator.scheduler.policy.foretold import Band, Stand, foretell
from orchestrator.scheduler.policy.solve_fit import refit

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

TIMES = (1, 4, 16)
KINDS = ("solve", "cascade", "uniform")


class Told(NamedTuple):
    """Of one run: what was predicted, and how many problems were solved."""

    band: Band
    solved: float

    @property
    def score(self) -> float:
        """Winkler's, of a 95% band."""
        outside = max(0.0, self.band.low - self.solved, self.solved - self.band.high)
        return self.band.high - self.band.low + 2 / 0.05 * outside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--pilot", type=int, default=2)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shapes", default=";".join(SHAPES))
    given = parser.parse_args()
    print(
        "| models | times | policy | predicted less solved | in SD of one run | within the band | width | score |"
    )
    print("|---|---|---|---|---|---|---|---|")
    everything: dict[str, list[tuple[float, ...]]] = {kind: [] for kind in KINDS}
    for number, world in enumerate(worlds(given.shapes.split(";"))):
        seeds = [np.random.default_rng([number, run]) for run in range(given.first, given.first + given.runs)]
        told = [one_run(generator, world, given.pilot) for generator in seeds]
        for at, times in enumerate(TIMES):
            for kind in KINDS:
                runs = [one[at][kind] for one in told]
                off = np.array([run.band.solved - run.solved for run in runs])
                within = np.mean([run.band.low <= run.solved <= run.band.high for run in runs])
                width = float(np.mean([run.band.high - run.band.low for run in runs]))
                score = float(np.mean([run.score for run in runs]))
                sd = max(float(off.std(ddof=1)), 1e-9)
                everything[kind].append(
                    (float(off.mean()) / sd, float(off.mean()), float(within), width, score)
                )
                print(
                    f"| {world.name} | {times} | {kind} | {off.mean():+.1f} ± {sd / len(runs) ** 0.5:.1f} "
                    f"| {off.mean() / sd:+.2f} | {within:.0%} | {width:.1f} | {score:.1f} |",
                    flush=True,
                )
    for kind, found in everything.items():
        bias, off, within, width, score = np.array(found).T
        print(
            f"\n{kind}: within the band {within.mean():.0%} (least {within.min():.0%}); predicted less solved "
            f"{off.mean():+.1f} problems, {bias.mean():+.2f} SD of one run in the mean ({bias.min():+.2f} to "
            f"{bias.max():+.2f}); width {width.mean():.1f}, score {score.mean():.1f}"
        )


def one_run(generator: np.random.Generator, world: World, pilot: int) -> list[dict[str, Told]]:
    """For each of TIMES."""
    assert world.drawn is not None
    rates = world.drawn(generator)
    right = generator.binomial(pilot, rates)
    first = generator.geometric(np.maximum(rates, 1e-9))
    first = np.where(rates <= 0, NEVER, first)
    cost = world.cost.tolist()
    stand = Stand(
        counts=[tuple((r, pilot - r) for r in row) for row in right.tolist()],
        cost=cost,
        most=[10**9] * len(cost),
    )
    budgets = np.array(TIMES, np.float64) * len(rates)
    by_solve = carried_out(world, right, pilot - right, first, budgets)
    open_ = right.sum(axis=1) == 0
    now = int((~open_).sum())
    found: list[dict[str, Told]] = []
    for usd, solved in zip(budgets.tolist(), by_solve, strict=True):
        told = foretell(stand, usd, cascade=None)
        stages = [
            (m, cost[m], min(k, 20_000))
            for m, k in zip(told.cascade_order, told.cascade_samples, strict=True)
        ]
        spent = np.array([usd])
        cascade = now + float(in_rounds(first[open_], further(stages, pilot), spent)[0])
        model = told.uniform_model
        k = usd / (len(rates) * cost[model])
        # by expectation, so that a part of a round is no whole one's luck
        passes = [int((first[open_, model] <= n).sum()) for n in (int(k), int(k) + 1)]
        uniform = now + passes[0] + (k - int(k)) * (passes[1] - passes[0])
        found.append(
            {
                "solve": Told(told.solve, solved),
                "cascade": Told(told.cascade, cascade),
                "uniform": Told(told.uniform, uniform),
            }
        )
    return found


def further(stages: list[tuple[int, float, int]], pilot: int) -> list[tuple[int, float, int]]:
    """A stage's samples count those that were drawn before."""
    return [(model, cost, max(0, samples - pilot)) for model, cost, samples in stages]


def carried_out(world: World, right: Whole, wrong: Whole, first: Whole, budgets: Floats) -> list[float]:
    """Problems solved in all for each budget, by the policy's own code from these counts on."""
    problems, models = first.shape
    solve = policy(world, problems, right=right, wrong=wrong)
    money = solve.lanes = Money(int(1e6 * budgets[-1]))
    solve.learnt(refit(solve.snapshot()))
    solved = right.sum(axis=1) > 0
    drawn = np.zeros((problems, models), np.int64)
    found: list[float] = []
    spent = 0.0
    while len(found) < len(budgets):
        if solve.is_stale:
            solve.learnt(refit(solve.snapshot()))
        chosen = next(((m, c) for m in range(models) if (c := solve.choose(m)) is not None), None)
        if chosen is None:
            break
        model, problem = chosen[0], chosen[1].problem
        while len(found) < len(budgets) and spent + world.cost[model] > budgets[len(found)]:
            found.append(float(solved.sum()))
        solve.took(model, problem, measured=False)
        drawn[problem, model] += 1
        passed = bool(first[problem, model] == drawn[problem, model])
        solved[problem] |= passed
        spent += float(world.cost[model])
        money.room -= int(1e6 * world.cost[model])
        solve.judged(model, problem, passed=passed)
    return found + [float(solved.sum())] * (len(budgets) - len(found))


if __name__ == "__main__":
    main()
