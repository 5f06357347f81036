"""How many problems a budget solves under each policy, of simulated models and of real draws:

    python -m benchmarks.policies [--runs 8] [--first 0] [--shapes NAME;NAME] [--tape] [--counts COUNTS.csv]
    python -m benchmarks.policies --decisions

Simulated: six shapes of the spread of pass rates, the models' rates going together or not, 2 to 5 models, prices
that differ 3 to 100 times, 200 problems; budgets of 1, 2, 4 … 64 times what one sample of each problem costs of the
cheapest model. All policies see the same draws, and each run has problems of its own. *uniform*: the best single
model, as many samples of every problem; *until_solved*: the best single model, rounds over what it hasn't solved;
*cascade*: from the cheapest to the most expensive model, the best number of samples a stage (1 to 64). What is best
in these three is chosen for each budget by the mean of all runs, which nobody knows beforehand. *solve*: the
policy's own code, verdict by verdict, a run of its own for each budget. *reference*: the same, told the true spread
of rates, not any problem's own rate. *oracle*: told each problem's rate. `--tape` is the quickstart's recording;
`--counts` a file of counts with `set`, `model`, `problem`, `n` and `c`, of which models with parameters in their
name ("pythia-1.4b") cost in proportion. benchmarks/policies/figure.py draws what is printed. `--decisions`: the time
of a choice, 10,000 problems, 5 models."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.policies.real_draws import of_counts, of_passes, of_tape
from benchmarks.policies.steered import Money, policy
from benchmarks.policies.studies import studied, table
from benchmarks.policies.worlds import SHAPES, World, first_tries, worlds
from orchestrator.scheduler.policy.solve_fit import refit


def decisions() -> None:
    """What a choice with its bookkeeping takes, apart from fits, which run beside."""
    generator = np.random.default_rng(3)
    problems, models, steps = 10_000, 5, 100_000
    rates = generator.beta(0.4, 2, (problems, models))
    world = World("", rates, np.array([3.0**m for m in range(models)]), None)
    solve = policy(world, problems)
    first = first_tries(generator, world)
    solve.lanes = Money(10**15)
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
