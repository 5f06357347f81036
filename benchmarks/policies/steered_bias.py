"""How far what is printed of a model after a policy is off, over many runs of one sweep: mean error over one run's
standard error.

    python -m benchmarks.policies.steered_bias [--runs 2000] [--policy NAME …]

Each run's draws are the choice of the policy's own works, made by `works_of` from a sweep file, with several requests
on their way that land in any order; they are written as a ledger's rows, and what `frontier` and `compare` say of that
ledger is compared with the true pass rates of the problems reached. Wrong samples cost twice what right ones do."""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.analysis.arrays import samples_of
from orchestrator.analysis.comparisons import comparisons
from orchestrator.analysis.frontier import curve, sample_cost
from orchestrator.analysis.money.cost_of_pass import costs_of_pass
from orchestrator.analysis.side_by_side import compare_document
from orchestrator.coverage.samples import Samples
from orchestrator.ledger.file.create import create
from orchestrator.ledger.reading.money.model_costs import read_model_costs
from orchestrator.ledger.reading.outcomes.outcomes import Outcomes, read_outcomes
from orchestrator.ledger.writing.rows import ModelTotals
from orchestrator.ledger.writing.run_state import ModelState, RunState
from orchestrator.problem_state import ProblemState
from orchestrator.run.policies.works import rule_of, works_of
from orchestrator.run.prepare import Prepared, prepare
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.narrow import plan
from orchestrator.scheduler.policy.narrow_work import NarrowWork
from orchestrator.scheduler.policy.solve_fit import refit
from orchestrator.scheduler.policy.solve_work import SolveWork
from orchestrator.scheduler.work import Work
from orchestrator.sweep.load import load
from pricing.types import PICO_PER_USD

PROBLEMS = 24
PRICE = {"cheap": 1.0, "expensive": 4.0}
"""Dollars a million output tokens."""
TOKENS = (200, 100)
"""Of a wrong and a right sample."""
IN_FLIGHT = 4
LOOKS_EVERY = 6

Floats = NDArray[np.float64]


class Setting(NamedTuple):
    """`policy`: a sweep's table; `times`: the budget, in samples of the cheap model on each problem; `max_n`: the most
    samples a request."""

    policy: str
    samples: int
    times: float
    max_n: int = 4


SETTINGS = {
    "until_solved": Setting("", 8, 1000),
    "until_solved cut by its budget": Setting("", 24, 27, max_n=1),
    "until_solved cut, several a request": Setting("", 24, 30),
    "cascade": Setting('[policy]\nkind = "cascade"\norder = ["cheap", "expensive"]', 6, 1000),
    "cascade cut by its budget": Setting('[policy]\nkind = "cascade"\norder = ["cheap", "expensive"]', 24, 7),
    "solve": Setting('[policy]\nkind = "solve"\nmeasure = 0.3', 20, 15),
    "narrow": Setting('[policy]\nkind = "narrow"', 60, 45),
}


class Purse:
    """What the policy sees of the scheduler: the money, and that every model can be asked. Without a policy each model
    keeps to its share, as when money is short."""

    def __init__(self, total: int, works: list[Work], aliases: list[str], *, shared: bool) -> None:
        self.works = works
        self.aliases = aliases
        funds = {alias: Funds(weight=round(PRICE[alias])) for alias in aliases}
        self.budget = Budget(total, funds, shared=shared)

    def may_send(self, model: int, worst: int | None) -> bool:
        """Holds the worst case of a request, if it fits; None: the model has none to send now."""
        mine = self.budget.funds[self.aliases[model]]
        mine.finished = worst is None and not mine.in_flight
        if worst is None:
            return False
        if self.budget.reserve(self.aliases[model], worst):
            return True
        mine.stuck = not mine.in_flight
        return False

    def can_go_on(self, model: int, /) -> bool:
        return True

    can_be_asked = is_judged = can_go_on

    def is_held_up(self, model: int, /) -> bool:
        return False

    def room_pico(self) -> int:
        return self.budget.total - self.budget.held

    def spent_pico(self) -> int:
        return sum(map(self.settled, range(len(self.works))))

    def total_pico(self) -> int:
        return self.budget.total

    def settled(self, model: int) -> int:
        return self.budget.funds[self.aliases[model]].settled

    def cost_factor(self, model: int, /) -> float:
        work, settled = self.works[model], self.settled(model)
        assert isinstance(work, NarrowWork)
        return settled / work.expected_pico if settled and work.expected_pico else 1.0

    def cost_factors(self, model: int, /) -> CostFactors:
        work = self.works[model]
        assert isinstance(work, SolveWork)
        expected = work.expected_output_pico
        return CostFactors(1.0, self.settled(model) / expected) if expected else CostFactors()


class Row(NamedTuple):
    model: int
    problem: int
    at: int
    cost: int
    tokens: int
    passed: bool
    rule: str
    request: int


# -- draws -------------------------------------------------------------------------------------------------------------


def prepared_sweep(folder: Path, setting: Setting) -> Prepared:
    """The setting as a user would state it."""
    problems = [
        f'{{"id": "p{i}", "question": "What is {i} + {i}?", "answer": "{2 * i}"}}' for i in range(PROBLEMS)
    ]
    (folder / "problems.jsonl").write_text("\n".join(problems))
    mode = "" if setting.policy else 'mode = "until_solved"'
    models = "".join(
        f'[models.{alias}]\nprovider = "openai-compatible"\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1"\n'
        f"price = {{ input = 0, output = {price} }}\nmax_n = {setting.max_n}\n{mode}\n"
        for alias, price in PRICE.items()
    )
    (folder / "sweep.toml").write_text(
        f'name = "bias"\nbudget_usd = 1\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n{setting.policy}\n'
        f"[sampling]\nsamples = {setting.samples}\nmax_tokens = 300\n{models}"
    )
    return prepare(load(folder / "sweep.toml"))


def drawn(prepared: Prepared, budget: int, rates: Floats, generator: np.random.Generator) -> list[Row]:
    """A run: whoever has something to ask is asked, until the money or the samples are spent."""
    sweep = prepared.sweep
    aliases = list(sweep.models)
    nothing = RunState(
        run_id=1,
        sweep_id=1,
        problem_ids=list(range(1, PROBLEMS + 1)),
        models={
            alias: ModelState(model_id=at + 1, problems=[ProblemState() for _ in range(PROBLEMS)])
            for at, alias in enumerate(aliases)
        },
        others=ModelTotals(),
        next_request_id=1,
        presumed_leftovers=0,
    )
    by_alias = works_of(prepared, nothing, budget)
    works = [by_alias[alias] for alias in aliases]
    purse = Purse(budget, works, aliases, shared=sweep.policy.kind == "all")
    learner, find = _learner(works[0], purse)
    prices = [PRICE[alias] for alias in aliases]
    rows: list[Row] = []
    on_the_way: list[tuple[list[Row], int]] = []
    landed = sent_before = 0
    while True:
        # What is believed is fitted beside the run, so that some verdicts come in between.
        if learner is not None and learner.is_stale and (landed % LOOKS_EVERY == 0 or not on_the_way):
            learner.learnt(find(learner.snapshot()))
        sent = False
        order: list[int] = generator.permutation(len(works)).tolist()
        for model in order:
            if len(on_the_way) >= IN_FLIGHT:
                break
            item = works[model].peek(0.0)
            n = 0 if item is None else len(item.indices)
            worst = None if item is None else round(n * prices[model] * 1e6 * max(TOKENS))
            if not purse.may_send(model, worst) or item is None or worst is None:
                continue
            rule = rule_of(prepared, aliases[model], item)
            passes: list[bool] = (generator.random(n) < rates[item.problem, model]).tolist()
            works[model].take(item, n)
            sent_before += 1
            replies = [
                Row(
                    model,
                    item.problem,
                    index,
                    round(prices[model] * 1e6 * TOKENS[ok]),
                    TOKENS[ok],
                    ok,
                    rule,
                    sent_before,
                )
                for index, ok in zip(item.indices, passes, strict=True)
            ]
            on_the_way.append((replies, worst))
            sent = True
        if sent:
            continue
        if not on_the_way:
            if learner is not None and learner.is_stale:
                continue
            return rows
        # Right answers are shorter, and come sooner.
        quick = np.array([1.0 + replies[0].passed for replies, _ in on_the_way])
        replies, worst = on_the_way.pop(int(generator.choice(len(quick), p=quick / quick.sum())))
        model, problem = replies[0].model, replies[0].problem
        purse.budget.end(aliases[model], worst, settled=sum(row.cost for row in replies))
        works[model].arrived(problem, len(replies))
        for row in replies:
            works[model].judged(problem, passed=row.passed, index=row.at)
        rows += replies
        landed += 1


def _learner(work: Work, purse: Purse) -> tuple[Any, Callable[[Any], Any]]:
    if isinstance(work, SolveWork):
        work.solve.lanes = purse
        return work.solve, refit
    if isinstance(work, NarrowWork):
        work.narrow.lanes = purse
        return work.narrow, plan
    return None, lambda snapshot: snapshot


def template(path: Path, prepared: Prepared, budget: int) -> None:
    """A ledger without samples."""
    create(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO sweep (id, name, budget_pico) VALUES (1, 'bias', ?)", (budget,))
        connection.executemany(
            "INSERT INTO problem (id, sweep_id, ordinal, key, data) VALUES (?, 1, ?, ?, '{}')",
            [(at + 1, at, f"p{at}") for at in range(PROBLEMS)],
        )
        connection.execute(
            "INSERT INTO verdict_set (id, name, kind, version, options, current, made_at) "
            "VALUES (1, 'v', 'numeric', '1', '{}', 1, 0)"
        )
        for at, (alias, model) in enumerate(prepared.sweep.models.items()):
            connection.execute(
                "INSERT INTO model (id, sweep_id, alias, provider, name, definition, samples_wanted) "
                "VALUES (?, 1, ?, 'o', 'm', ?, ?)",
                (at + 1, alias, f'{{"mode": "{model.mode}"}}', model.wanted("p0")),
            )
            connection.execute("INSERT INTO steering (model_id, set_id) VALUES (?, 1)", (at + 1,))


def written(path: Path, rows: list[Row]) -> None:
    """In the place of what was there."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM sample")
        connection.executemany(
            "INSERT INTO sample (model_id, problem_id, sample_index, text, cost_pico, cost_basis, completion_tokens, "
            "passed, answer, stop_rule, request_ref, verifier, created_at) "
            "VALUES (?, ?, ?, 'x', ?, 'usage', ?, ?, ?, ?, ?, 'v/1', 0)",
            [
                (
                    r.model + 1,
                    r.problem + 1,
                    r.at,
                    r.cost,
                    r.tokens,
                    r.passed,
                    str(int(r.passed)),
                    r.rule,
                    r.request,
                )
                for r in rows
            ],
        )
        for model in range(len(PRICE)):
            of = [row for row in rows if row.model == model]
            connection.execute(
                "UPDATE model SET settled_pico = ?, samples = ? WHERE id = ?",
                (sum(row.cost for row in of), len(of), model + 1),
            )


@dataclass
class Truth:
    """Of the problems that were reached."""

    rates: Floats

    def coverage(self, k: int) -> float:
        return float((1 - (1 - self.rates) ** k).mean())

    def sample_cost(self, price: float) -> Floats:
        """Dollars, by problem."""
        right, wrong = TOKENS[1], TOKENS[0]
        return price * 1e-6 * (self.rates * right + (1 - self.rates) * wrong)

    def cost(self, price: float, k: int, *, stops: bool) -> float:
        draws = np.full(len(self.rates), float(k))
        if stops:
            rates = np.maximum(self.rates, 1e-12)
            draws = np.where(self.rates > 0, (1 - (1 - rates) ** k) / rates, k)
        return float((draws * self.sample_cost(price)).mean())


def errors(path: Path, rates: Floats) -> dict[str, float]:
    """By what is printed."""
    models = [(one, samples_of(one, PICO_PER_USD)) for one in read_outcomes([path])]
    compared = compare_document(read_model_costs([path]))
    found: dict[str, float] = {}
    truths: dict[str, Truth] = {}
    for at, (one, samples) in enumerate(models):
        truths[one.alias] = Truth(rates[[int(key[1:]) for key in one.problems], at])
        if samples.problems:
            found |= _of_model(one, samples, truths[one.alias])
            pass_rate = compared["models"][one.alias]["pass_rate"]
            found[f"{one.alias}: pass rate (compare)"] = pass_rate - truths[one.alias].coverage(1)
    for row in comparisons("usd", models, []):
        if row["compared_k"] is not None and row["basis"] != "extrapolated":
            truth = truths[row["cheap"]].coverage(row["compared_k"])
            most = "one sample" if row["expensive_k"] == 1 else "all samples"
            found[f"comparison: {row['cheap']} for the price of {most}"] = row["coverage_compared"] - truth
    for row in compared["pairs"]:
        difference = truths[row["one"]].coverage(1) - truths[row["other"]].coverage(1)
        found["difference of pass rates (compare)"] = row["pass_rate_difference"] - difference
    return found


def _of_model(outcomes: Outcomes, samples: Samples, truth: Truth) -> dict[str, float]:
    alias, price, stops = outcomes.alias, PRICE[outcomes.alias], samples.first is not None
    found: dict[str, float] = {}
    shown = curve(samples)
    for at, k in enumerate(shown.ks.tolist()):
        found[f"{alias}: coverage at k = {k}"] = float(shown.coverage[at]) - truth.coverage(k)
        found[f"{alias}: dollars at k = {k}"] = float(shown.cost[at]) - truth.cost(price, k, stops=stops)
        if not stops:
            found[f"{alias}: all of k = {k} right"] = float(shown.every[at] - (truth.rates**k).mean())
    if not stops:
        each = float(truth.sample_cost(price).mean())
        costs = costs_of_pass("usd", outcomes, samples, PICO_PER_USD, lambda text: None)
        found[f"{alias}: dollars a sample"] = (sample_cost(outcomes, samples, PICO_PER_USD) or 0.0) - each
        if costs["cost_of_pass_usd"] is not None:
            found[f"{alias}: dollars a pass"] = costs["cost_of_pass_usd"] - each / truth.coverage(1)
    return found


def rates_of(generator: np.random.Generator) -> Floats:
    """(problems, models): hopeless, hard and easy problems; the expensive model is as good as three tries."""
    sixth = PROBLEMS // 6
    parts = [np.zeros(sixth), generator.beta(0.5, 4, 3 * sixth), generator.beta(4, 2, 2 * sixth)]
    cheap = generator.permutation(np.concatenate(parts))
    return np.column_stack([cheap, 1 - (1 - cheap) ** 3])


@dataclass
class Study:
    """Of one policy: by what is printed, its error in each run that prints it."""

    runs: int
    errors: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def ratios(self, least: float = 0.0) -> dict[str, tuple[float, float, float]]:
        """By what is printed in at least so great a share of runs: the mean error over one run's standard error, that
        figure's own standard error, and the share of runs."""
        found: dict[str, tuple[float, float, float]] = {}
        for name, values in self.errors.items():
            share, spread = len(values) / self.runs, float(np.std(values))
            if share >= least and len(values) > 1:
                at = float(np.mean(values)) / spread if spread > 0 else 0.0
                found[name] = (at, len(values) ** -0.5, share)
        return found


def studied(name: str, runs: int, seed: int = 20261130) -> Study:
    """Runs over one set of problems in places of chance."""
    setting = SETTINGS[name]
    study = Study(runs)
    generator = np.random.default_rng(seed)
    rates = rates_of(generator)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        prepared = prepared_sweep(Path(folder), setting)
        path = Path(folder) / "bias.db"
        budget = round(setting.times * PROBLEMS * PRICE["cheap"] * 1e6 * max(TOKENS))
        template(path, prepared, budget)
        for _ in range(runs):
            placed = generator.permutation(rates)
            written(path, drawn(prepared, budget, placed, generator))
            for printed, error in errors(path, placed).items():
                study.errors.setdefault(printed, []).append(error)
        prepared.executor.close()
    return study


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--policy", choices=SETTINGS, action="append")
    given = parser.parse_args()
    print("| policy | what is printed | in runs | mean error over a standard error |")
    print("|---|---|---|---|")
    for name in given.policy or SETTINGS:
        for printed, (at, off, share) in studied(name, given.runs).ratios().items():
            print(f"| {name} | {printed} | {share:.0%} | {at:+.3f} ± {off:.3f} |", flush=True)


if __name__ == "__main__":
    main()
