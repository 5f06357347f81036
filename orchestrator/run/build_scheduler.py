"""From a prepared sweep and what the ledger has, to the scheduler's lanes and budget."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from orchestrator.booking.learnt_ratio import learnt_ratio
from orchestrator.ledger.writing.run_state import RunState
from orchestrator.run.batches.batches import MOST_IN_FLIGHT, MOST_REQUESTS
from orchestrator.run.packing import most_n
from orchestrator.run.policies.works import works_of
from orchestrator.run.prepare import Means, Prepared
from orchestrator.run.verdicts.judge_calls import JudgeCalls
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.call_lane import CallLane
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import ModelLane, WorstCase
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Work
from orchestrator.sweep.types import Model
from pricing.stated import is_free

DEFAULT_CONCURRENCY = 64
NOT_STARTED = "its server has not started yet"


def build_scheduler(
    prepared: Prepared,
    state: RunState,
    budget_pico: int,
    *,
    only: Collection[str] | None = None,
) -> Scheduler:
    """Everything the scheduler needs, in memory: a few integers a problem and model. `only`: the models of this run;
    the others keep their shares."""
    ordinals = {problem_id: ordinal for ordinal, problem_id in enumerate(state.problem_ids)}
    for alias, model_state in state.models.items():
        prepared.overheads[alias] = model_state.overhead_tokens
        if model_state.loading_s is not None:
            prepared.loading_s[alias] = model_state.loading_s
        provider = prepared.sweep.models[alias].provider
        prepared.cost_ratios[alias] = learnt_ratio(model_state.billed_more, prepared.prices[alias], provider)
        prepared.means[alias] = Means(
            model_state.mean_prompt_tokens,
            model_state.mean_completion_tokens,
            model_state.mean_pico_per_output_token,
        )
        for left in model_state.open_attempts:
            if left.problem_id in ordinals:
                spent = prepared.attempts_spent.setdefault((alias, ordinals[left.problem_id]), {})
                spent[left.sample_index] = left.settled_pico + left.presumed_pico
    lanes = _lanes(prepared, state, works_of(prepared, state, budget_pico))
    prepared.learn_judge()
    if (judging := prepared.judging) is not None:
        _judged_by(prepared, lanes, judging)
    funds = {alias: _funds(prepared, state, alias, lanes[alias].sampling) for alias in lanes}
    held = state.others.settled_pico + state.others.presumed_pico + state.others.reserved_pico
    budget = Budget(budget_pico, funds, others_held=held, shared=False)
    steered = prepared.sweep.policy.kind != "all"  # it alone decides who gets the money
    if not steered and budget.held + worst_left(prepared, lanes) > budget_pico:
        budget.shared = True
        for alias, lane in lanes.items():
            lane.sampling.rounds = True
            funds[alias].weight = max(1, expected_pico(prepared, alias))
    for alias, lane in lanes.items():
        lane.left_out = only is not None and alias not in (*only, prepared.sweep.judge)

    def bound(alias: str, number: int) -> WorstCase:
        return (
            prepared.bound(alias, number)
            if judging is None or alias != judging.alias
            else judging.bound(number)
        )

    return Scheduler(lanes, budget, bound)


def _judged_by(prepared: Prepared, lanes: dict[str, ModelLane], judging: JudgeCalls) -> None:
    """The judge's lane makes its calls, and all others set its money aside."""
    judge = lanes[judging.alias]
    judge.planned, judge.work, judge.bounds = judge.sampling, judging.queue, []
    for lane in lanes.values():
        if lane is not judge:
            lane.judge = judge
            lane.judge_pico = partial(prepared.verdict_worst, lane.alias)


def worst_left(prepared: Prepared, lanes: dict[str, ModelLane]) -> int:
    """The worst case of all that is left, were it packed as tightly as the endpoints allow, in pico-dollars."""
    total = 0
    for alias, lane in lanes.items():
        if prepared.replayed[alias]:
            continue
        if prepared.sweep.models[alias].gpu_usd_per_hour is not None:
            total += prepared.server_pico(alias, lane.work.lacking() * lane.max_tokens)
            continue
        for ordinal in range(len(prepared.problems)):
            left = lane.sampling.left(ordinal)
            if left:
                bound = prepared.bound(alias, ordinal)
                total += -(-left // lane.work.max_n) * bound.fixed + left * bound.sample
                if lane.judge is not None:
                    total += left * lane.judge_pico(ordinal)
    return total


def _lanes(prepared: Prepared, state: RunState, works: Mapping[str, Work]) -> dict[str, ModelLane]:
    rates = _rates(list(prepared.sweep.models.values()))
    lanes: dict[str, ModelLane] = {}
    for alias, model in prepared.sweep.models.items():
        model_state = state.models[alias]
        lanes[alias] = ModelLane(
            alias=alias,
            work=works[alias],
            endpoints=_endpoints(prepared, model) if model.agent is None else _places(prepared, model),
            rate=rates[_shared_by(model)]
            if model.agent is None
            else RateLimit(concurrency=model.agent.concurrency, finds=False),
            bounds=[None] * len(prepared.problems),
            max_tokens=model.max_tokens,
            # OpenAI counts what a request may make against its limits, at once and for good.
            expected_output_tokens=model.max_tokens
            if model.provider == "openai"
            else round(prepared.expected_output(alias)),
            counts_max_tokens=model.provider == "openai",
            max_attempts=model.max_attempts,
            max_lost=model.max_lost,
            max_wait_s=model.max_wait_s,
            batch=model.batch,
            proves_bound=model.agent is None and _proves_bound(prepared, model),
            bound_shown=model_state.bound_shown,
            buys_attempts=model.agent is not None,
        )
    return lanes


def call_lanes(prepared: Prepared, state: RunState, scheduler: Scheduler) -> dict[str, CallLane]:
    """Of the models that agents' calls may ask. Limits are shared with plain requests."""
    models = prepared.sweep.models
    asked = {alias for alias, model in models.items() if model.agent is not None}
    asked |= {other for alias in asked for other in _others(models[alias])}
    shared = {
        _shared_by(models[alias]): scheduler.lanes[alias].rate
        for alias in models
        if models[alias].agent is None
    }
    made = _rates([models[alias] for alias in models if _shared_by(models[alias]) not in shared])
    rates = made | shared
    return {
        alias: CallLane(
            rates[_shared_by(models[alias])],
            _endpoints(prepared, models[alias])
            if models[alias].agent is not None
            else scheduler.lanes[alias].endpoints,
            proves_bound=_proves_bound(prepared, models[alias]),
            bound_shown=state.models[alias].bound_shown,
            counts_max_tokens=models[alias].provider == "openai",
            max_wait_s=models[alias].max_wait_s,
        )
        for alias in models
        if alias in asked
    }


def _others(model: Model) -> Collection[str]:
    return () if model.agent is None else model.agent.other_models.values()


def _proves_bound(prepared: Prepared, model: Model) -> bool:
    """Nothing depends on counts if time is paid, nothing is, or a recording is played; and of a batch all is sent
    before anything comes back."""
    counted = model.gpu_usd_per_hour is None and not prepared.replayed[model.alias]
    return counted and not model.batch and not is_free(prepared.prices[model.alias])


def endpoints_of(model: Model, copies: int = 1) -> list[Endpoint]:
    """`copies`: of a server that the run starts itself."""
    if model.serve is not None:
        sequences = model.sequences if model.provider == "vllm" else None
        return [
            Endpoint(server="its own server", sequences=sequences, absent=NOT_STARTED) for _ in range(copies)
        ]
    if model.provider == "vllm":
        return [Endpoint(server=server, sequences=model.sequences) for server in model.servers]
    return [Endpoint(server=model.base_url or model.provider)]


def _endpoints(prepared: Prepared, model: Model) -> list[Endpoint]:
    return endpoints_of(model, 1 if model.serve is None else prepared.copies(model.alias))


def _places(prepared: Prepared, model: Model) -> list[Endpoint]:
    """Where an agent's attempts ask: each stays with one. What its calls meet there is no word on when others begin."""
    return [
        Endpoint(server=endpoint.server, absent=endpoint.absent) for endpoint in _endpoints(prepared, model)
    ]


def _shared_by(model: Model) -> tuple[str, ...]:
    """Vendors' limits belong to endpoint, key and model; a stated group joins models that share them."""
    if model.limits.group is not None:
        return ("group", model.limits.group)
    key = model.api_key_env or ""
    return (
        "batch" if model.batch else "endpoint",
        model.provider,
        model.base_url or "",
        *model.servers,
        *((model.alias,) if model.serve is not None else ()),
        key,
        model.model,
    )


def _rates(models: list[Model]) -> dict[tuple[str, ...], RateLimit]:
    """The limits that are shared, the lowest that any of those models states."""
    sharing: dict[tuple[str, ...], list[Model]] = {}
    for model in models:
        sharing.setdefault(_shared_by(model), []).append(model)
    return {by: rate_of(those) for by, those in sharing.items()}


def rate_of(models: list[Model]) -> RateLimit:
    """The limits of models that share them."""

    def lowest(name: str) -> int | None:
        stated = (getattr(model.limits, name) for model in models)
        return min((limit for limit in stated if limit is not None), default=None)

    concurrency = lowest("concurrency")
    if any(model.batch for model in models):
        # Limits of what goes out a minute don't hold for batches; how much may be in them at once may be stated.
        return RateLimit(concurrency=concurrency or MOST_REQUESTS * MOST_IN_FLIGHT, finds=False)
    if concurrency is None and any(model.provider != "vllm" for model in models):
        concurrency = DEFAULT_CONCURRENCY
    return RateLimit(
        requests=lowest("requests_per_minute"),
        tokens=lowest("tokens_per_minute"),
        input_tokens=lowest("input_tokens_per_minute"),
        output_tokens=lowest("output_tokens_per_minute"),
        concurrency=concurrency,
        # Own servers and recordings have no limit of what comes a minute.
        is_reported=all(model.provider in ("openai", "anthropic") for model in models),
        ramps=any(model.provider not in ("vllm", "replay") and model.serve is None for model in models),
    )


def _funds(prepared: Prepared, state: RunState, alias: str, work: Work) -> Funds:
    totals = state.models[alias].totals
    return Funds(
        cap=prepared.sweep.models[alias].budget_pico,
        counted=not prepared.replayed[alias],
        settled=totals.settled_pico,
        presumed=totals.presumed_pico,
        reserved=totals.reserved_pico,
        finished=work.empty,
    )


def expected_pico(prepared: Prepared, alias: str) -> int:
    """What the whole plan of a model is expected to cost: its share's weight. In pico-dollars."""
    if prepared.judging is not None and alias == prepared.judging.alias:
        return verdicts_pico(prepared)
    model = prepared.sweep.models[alias]
    max_n, total = most_n(model, None), 0
    for ordinal, problem in enumerate(prepared.problems):
        wanted = model.wanted(problem.key)
        total += prepared.expected_pico(alias, ordinal, requests=-(-wanted // max_n), samples=wanted)
    return total


def verdicts_pico(prepared: Prepared) -> int:
    """What the verdicts on a whole plan are expected to cost, if a model gives them."""
    return sum(
        model.wanted(problem.key) * prepared.verdict_expected(alias, ordinal)
        for alias, model in prepared.sweep.models.items()
        for ordinal, problem in enumerate(prepared.problems)
    )
