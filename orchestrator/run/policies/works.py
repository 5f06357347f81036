"""What each model has to ask, by the sweep's policy."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orchestrator.ledger.writing.run_state import RunState
from orchestrator.problem_state import ProblemState
from orchestrator.run.packing import most_n
from orchestrator.run.policies.measuring import Measuring, chance_order, pico_at_first
from orchestrator.run.prepare import Prepared
from orchestrator.scheduler.policy.cascade import cascade_works
from orchestrator.scheduler.warmth import Warmth
from orchestrator.scheduler.work import Item, Work
from orchestrator.sweep.types import Model, Policy

if TYPE_CHECKING:
    from orchestrator.scheduler.policy.known import Known
    from orchestrator.scheduler.policy.narrow import Drawing
    from orchestrator.scheduler.policy.sample_index import Kind

ALIKE = 1.15
"""Problems whose samples cost within this factor are of a kind."""


def works_of(prepared: Prepared, state: RunState, budget_pico: int) -> dict[str, Work]:
    """By alias, from what the ledger has."""
    sweep = prepared.sweep
    wanted = {
        alias: [model.wanted(problem.key) for problem in prepared.problems]
        for alias, model in sweep.models.items()
    }
    max_n = {alias: most_n(model, state.models[alias].max_n) for alias, model in sweep.models.items()}
    problems = {alias: state.models[alias].problems for alias in sweep.models}
    if sweep.policy.kind == "cascade":
        rounds = {alias: _waiting_costs(prepared, model) for alias, model in sweep.models.items()}
        steered = cascade_works(
            sweep.policy.order,
            problems,
            samples=wanted,
            max_n=max_n,
            rounds=rounds,
            solved=state.solved_by_any,
        )
    elif sweep.policy.kind == "solve":
        steered = _solve_works(prepared, sweep.sampled, state, wanted, max_n, budget_pico)
    elif sweep.policy.kind == "narrow":
        steered = _narrow_works(prepared, sweep.sampled, state, wanted, max_n)
    else:
        steered = dict[str, Work]()
    plain = {
        alias: Work(
            problems[alias],
            samples=wanted[alias],
            max_n=max_n[alias],
            rounds=False,
            until_solved=model.mode == "until_solved",
            warmth=_warmth(prepared, alias),
        )
        for alias, model in sweep.models.items()
        if alias not in steered
    }
    return {alias: steered[alias] if alias in steered else plain[alias] for alias in sweep.models}


def rule_of(prepared: Prepared, alias: str, item: Item) -> str:
    """How a sample's draws end, in the ledger's words. Once a policy has steered a model, which problems still lack
    samples depends on outcomes, whatever asks for them."""
    policy = prepared.sweep.policy
    if policy.kind != "all":
        return "none" if item.measured else policy.kind
    if (steered := prepared.steered_by.get(alias)) is not None:
        return steered
    return "first_success" if prepared.sweep.models[alias].mode == "until_solved" else "none"


def measures(policy: Policy) -> bool:
    """Whether some of the draws that it chooses are steered by no outcome of theirs, so that estimates rest on them."""
    return policy.kind == "narrow" or policy.measure is not None


def learns_costs(policy: Policy) -> bool:
    """Whether what samples cost has a part in its choice."""
    return policy.kind in ("solve", "narrow")


def is_steered(model: Model, policy: Policy) -> bool:
    """Whether verdicts end its draws or choose them."""
    return policy.kind != "all" or model.mode == "until_solved"


def _waiting_costs(prepared: Prepared, model: Model) -> bool:
    """Whether one sample at a time costs more than a needless one: of time that is paid, and of a batch's hours."""
    return model.batch or model.gpu_usd_per_hour is not None or prepared.replayed[model.alias]


def _warmth(prepared: Prepared, alias: str) -> Warmth | None:
    """None if no prompt of the model is worth a cache that must be asked for."""
    worth = bytes(prepared.caches(alias, ordinal) for ordinal in range(len(prepared.problems)))
    return Warmth(worth) if any(worth) else None


# -- solve ------------------------------------------------------------------------------------------------------------


def _solve_works(
    prepared: Prepared,
    models: Sequence[str],
    state: RunState,
    wanted: Mapping[str, Sequence[int]],
    max_n: Mapping[str, int],
    budget_pico: int,
) -> dict[str, Work]:
    from orchestrator.scheduler.policy.joint_rates import stated  # late: it loads numpy
    from orchestrator.scheduler.policy.solve import Solve
    from orchestrator.scheduler.policy.solve_work import SolveWork

    states = [state.models[alias] for alias in models]
    there = [[of.measured for of in one.problems] for one in states]
    measuring = Measuring.of(prepared, models, wanted, budget_pico, there)
    kinds, kind_of = _kinds(prepared, models, measuring.most)
    rates = prepared.sweep.policy.pass_rates
    solve = Solve(
        kinds=kinds,
        kind_of=kind_of,
        known=[_known(of.problems) for of in states],
        solved_before=state.solved_by_any,
        measured=measuring.lacking,
        waiting_costs=[_waiting_costs(prepared, prepared.sweep.models[alias]) for alias in models],
        prior=stated([rates.get(alias) for alias in models]),
        worth_pico=prepared.sweep.policy.worth_pico,
    )
    return {
        alias: SolveWork(
            state.models[alias].problems,
            samples=wanted[alias],
            max_n=max_n[alias],
            solve=solve,
            model=at,
            unused_pico=state.models[alias].totals.unused_pico,
        )
        for at, alias in enumerate(models)
    }


def _known(problems: Sequence[ProblemState]) -> Known:
    from orchestrator.scheduler.policy.known import Known

    right = array("q", (of.passed for of in problems))
    waiting = array("q", (of.unverified + len(of.asked) for of in problems))
    wrong = array("q", (max(0, of.recorded - of.passed - of.unverified) for of in problems))
    lost = array("q", (len(of.holes) for of in problems))
    return Known(right=right, wrong=wrong, pending=waiting, lost=lost)


def _kinds(
    prepared: Prepared, models: Sequence[str], most: Sequence[Sequence[int]]
) -> tuple[list[Kind], list[int]]:
    from math import log

    from orchestrator.scheduler.policy.solve import Kind

    places: dict[tuple[object, ...], int] = {}
    kinds: list[Kind] = []
    kind_of: list[int] = []
    for ordinal in range(len(prepared.problems)):
        costs = [_request_pico(prepared, alias, ordinal, samples=1) for alias in models]
        further = [
            max(1.0, _request_pico(prepared, alias, ordinal, samples=2) - cost)
            for alias, cost in zip(models, costs, strict=True)
        ]
        verdicts = [float(prepared.verdict_expected(alias, ordinal)) for alias in models]
        often = tuple(of[ordinal] for of in most)
        amounts = (max(1.0, pico) for pico in (*costs, *further, *verdicts))
        alike = (*(round(log(pico) / log(ALIKE)) for pico in amounts), often)
        if alike not in places:
            places[alike] = len(kinds)
            kinds.append(
                Kind(costs=tuple(costs), further=tuple(further), verdicts=tuple(verdicts), wanted=often)
            )
        kind_of.append(places[alike])
    return kinds, kind_of


def _request_pico(prepared: Prepared, alias: str, ordinal: int, *, samples: int) -> float:
    """As it was expected before any sample was there, by the problem's own prompt; what the ledger has tells how far
    off that is (cost_factor), in a run that goes on as in one that was never interrupted."""
    return float(max(1, pico_at_first(prepared, alias, ordinal, samples)))


# -- narrow -----------------------------------------------------------------------------------------------------------


def _narrow_works(
    prepared: Prepared,
    models: Sequence[str],
    state: RunState,
    wanted: Mapping[str, Sequence[int]],
    max_n: Mapping[str, int],
) -> dict[str, Work]:
    from orchestrator.scheduler.policy.narrow import PARTS, Narrow  # late: it loads numpy
    from orchestrator.scheduler.policy.narrow_work import NarrowWork

    policy = prepared.sweep.policy
    narrow = Narrow(
        models=[_drawing(prepared, alias, state.models[alias].problems, wanted[alias]) for alias in models],
        order=chance_order(prepared),
        pair=None if policy.pair is None else (models.index(policy.pair[0]), models.index(policy.pair[1])),
        parts=policy.parts or PARTS,
    )
    return {
        alias: NarrowWork(
            state.models[alias].problems,
            samples=wanted[alias],
            max_n=max_n[alias],
            narrow=narrow,
            model=at,
            unused_pico=state.models[alias].totals.unused_pico,
        )
        for at, alias in enumerate(models)
    }


def _drawing(
    prepared: Prepared, alias: str, problems: Sequence[ProblemState], wanted: Sequence[int]
) -> Drawing:
    from orchestrator.scheduler.policy.narrow import Drawing

    # Samples on their way, and lost ones that are asked anew, count.
    counted = [of.measured + len(of.asked) + len(of.holes) for of in problems]
    return Drawing(
        right=array("q", (of.passed - of.measured_passed for of in problems)),
        judged=array("q", (max(0, of.recorded - of.measured - of.unverified) for of in problems)),
        guides=array("q", (of.recorded - of.measured for of in problems)),
        counted=array("q", counted),
        most=array("q", wanted),
        cost=array(
            "d", (_request_pico(prepared, alias, ordinal, samples=1) for ordinal in range(len(problems)))
        ),
        verdict=array("d", (prepared.verdict_expected(alias, ordinal) for ordinal in range(len(problems)))),
    )
