"""Policies that need no belief, and the oracle: problems solved with each budget."""

from __future__ import annotations

import numpy as np

from benchmarks.policies.worlds import NEVER, Floats, Whole, World

STAGES = (1, 2, 4, 8, 16, 32, 64)


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
