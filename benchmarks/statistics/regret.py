"""What following the advice's first sentence costs too much:

    python -m benchmarks.statistics.regret [--runs 100] [--problems 20,50,100]

Populations of 2 to 8 models, 16 samples a problem and model, logit-normal rates, each further model better by 0 to 1.5
in the logit and 1.3 to 8 times as expensive. Regret: the true dollars of the policy that the first sentence names over
those of the cheapest policy (any that `frontier` considers) that truly covers as much, less 1; truth over 4,000
problems. *Before*: what the first pair in the file's order suggested, the fewest cheap samples that cover as much as
all of the expensive one's, else these."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.statistics.many_or_few import outcomes
from orchestrator.analysis.advice import recommended
from orchestrator.analysis.arrays import samples_of
from orchestrator.analysis.policies import policies
from orchestrator.coverage import grid
from orchestrator.coverage.policy import Buyable, Offers, offers

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES, POPULATION = 16, 4000
CENT = 10**6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--problems", default="20,50,100")
    given = parser.parse_args()
    print("| problems | models | median | 95th percentile | before: median | 95th percentile |")
    print("|---" * 6 + "|")
    for problems in map(int, given.problems.split(",")):
        generator = np.random.default_rng(problems)
        every: list[tuple[float, float]] = []
        for models in (2, 3, 5, 8):
            found = [regrets(generator, problems, models) for _ in range(given.runs)]
            line(problems, str(models), found)
            every += found
        line(problems, "all", every)


def line(problems: int, models: str, found: list[tuple[float, float]]) -> None:
    middle, high = np.quantile(found, [0.5, 0.95], axis=0)
    cells = " | ".join(f"{100 * value:.0f}%" for at in (0, 1) for value in (middle[at], high[at]))
    print(f"| {problems} | {models} | {cells} |", flush=True)


def regrets(generator: np.random.Generator, problems: int, models: int) -> tuple[float, float]:
    base = generator.normal(generator.uniform(-4, 0), 2, POPULATION)
    skill = np.concatenate([[0.0], np.cumsum(generator.uniform(0, 1.5, models - 1))])
    price = np.concatenate([[1.0], np.cumprod(np.exp(generator.uniform(np.log(1.3), np.log(8), models - 1)))])
    rates = [1 / (1 + np.exp(-(base + better + generator.normal(0, 0.7, POPULATION)))) for better in skill]
    at = generator.permutation(POPULATION)[:problems]
    cents = (CENT * price).astype(np.int64).tolist()
    order = generator.permutation(models).tolist()
    made = [outcomes(f"m{m}", generator, rates[m][at], SAMPLES, cents[m]) for m in order]
    rows = policies("usd", [(one, samples_of(one, 10**12)) for one in made], [])["frontier"]
    truth = offers([truly(f"m{m}", rates[m], cents[m] / 10**12) for m in order])
    told = recommended(rows, "usd")[0]["policy"] if rows else None
    return regret(truth, told), regret(truth, _before(made[0].alias, made[1].alias, made, cents))


def truly(alias: str, rates: NDArray[np.float64], cost: float) -> Buyable:
    ks = grid.shown(SAMPLES)
    missed = (1 - rates[:, None]) ** ks
    each = np.full(len(rates), cost)
    return Buyable(alias, ks, each, missed, cost * (1 - missed) / rates[:, None], each)


def regret(truth: Offers, told: dict[str, Any] | None) -> float:
    """0 where nothing is advised."""
    if told is None:
        return 0.0
    (at,) = (
        at
        for at, policy in enumerate(truth.policies)
        if (policy.kind, policy.stop, list(policy.order), dict(policy.samples))
        == (told["kind"], told["stop"], told["order"], told["samples"])
    )
    enough = truth.coverage >= truth.coverage[at] - 1e-12
    return float(truth.cost[at] / truth.cost[enough].min() - 1)


def _before(one: str, other: str, made: list[Any], cents: list[int]) -> dict[str, Any]:
    of = {model.alias: samples_of(model) for model in made}
    cheap, expensive = sorted((one, other), key=lambda alias: cents[int(alias[1:])])
    ks = grid.shown(SAMPLES)
    ours, theirs = (of[alias].solved(ks).mean(axis=0) for alias in (cheap, expensive))
    reached = np.flatnonzero(ours >= theirs[-1] - 1e-12)
    alias, k = (cheap, int(ks[reached[0]])) if len(reached) else (expensive, int(ks[-1]))
    return {"kind": "fixed", "stop": "none", "order": [alias], "samples": {alias: k}}


if __name__ == "__main__":
    main()
