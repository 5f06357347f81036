"""What a sweep will ask and cost, before a cent is spent. Reads the ledger if there is one; sends nothing."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from orchestrator.booking.learnt_ratio import learnt_ratio
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.for_run.for_plan import count_measured, learnt_bounds, state_for_plan
from orchestrator.ledger.reading.samples.empty_replies import empty_replies
from orchestrator.ledger.writing.last_loading import last_loading_s
from orchestrator.run.packing import most_n, requests_for
from orchestrator.run.planning.can_tell import PairTold, Side, can_tell
from orchestrator.run.planning.fit import fit
from orchestrator.run.planning.foretelling import foretold
from orchestrator.run.planning.planned import ModelPlanned, Planned
from orchestrator.run.planning.planned_starts import planned_starts
from orchestrator.run.policies.measuring import Measuring
from orchestrator.run.prepare import Means, Prepared
from orchestrator.run.verdicts.planned import Verdicts, verdicts_of
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.text.empty_words import EmptyReplies
from pricing.regions import price_note

MINUTE_S = 60.0


def plan_sweep(prepared: Prepared, db: Path, *, fits: bool = False) -> Planned:
    """Plans what the ledger at `db`, if there is one, still lacks. `fits`: also looks for the largest samples that the
    budget is expected to pay for. Raises InputError."""
    there, held = _there(prepared, db)
    left = _left(prepared, db, there)
    worst = sum(
        _worst(prepared, alias, counts, rounds=False)
        for alias, counts in left.items()
        if not prepared.replayed[alias]
    )
    verdicts = verdicts_of(prepared, left)
    worst += verdicts.worst_pico
    budget = prepared.sweep.budget_pico
    rounds = budget is not None and held + worst > budget
    shares = _shares(prepared, left, held, verdicts, rounds=rounds)
    models = tuple(_model(prepared, alias, counts, shares, rounds=rounds) for alias, counts in left.items())
    models = tuple(
        _judges(prepared, m, verdicts, shares) if m.alias == prepared.sweep.judge else m for m in models
    )
    if rounds and budget is not None and _spends(prepared, models) <= budget - held:
        models = tuple(replace(m, covered=_within_its_own(prepared, m)) for m in models)
    return Planned(
        budget_pico=budget,
        held_pico=held,
        rounds=rounds,
        models=models,
        starts=planned_starts(
            prepared,
            {m.alias: m.expected_pico for m in models},
            {m.alias for m in models if m.samples},
        ),
        tells=_tells(prepared, models) if prepared.sweep.policy.kind == "all" else (),
        policy=prepared.sweep.policy.kind,
        foretold=foretold(prepared, db, None if budget is None else budget - held),
        fit=fit(prepared, there, held + _fixed(prepared, models)) if fits and budget is not None else None,
    )


def _left(
    prepared: Prepared, db: Path, there: dict[str, list[tuple[int, bool]]]
) -> dict[str, list[tuple[int, int]]]:
    """By alias and ordinal (samples there, the most that are still asked)."""
    sweep = prepared.sweep
    left = {
        alias: [
            (done, 0 if ends else max(0, model.wanted(problem.key) - done))
            for problem, (done, ends) in zip(prepared.problems, there[alias], strict=True)
        ]
        for alias, model in sweep.models.items()
    }
    pair = sweep.policy.pair
    for alias in sweep.sampled:
        if pair is not None and alias not in pair:  # one sample of each problem, for a look at it
            left[alias] = [(done, min(lacking, max(0, 1 - done))) for done, lacking in left[alias]]
    if sweep.policy.measure is None or sweep.budget_pico is None:
        return left
    aliases = sweep.sampled
    wanted = {alias: [sweep.models[alias].wanted(p.key) for p in prepared.problems] for alias in aliases}
    measured = count_measured(db, sweep.name) if db.exists() else {}
    have = [[measured.get((alias, p.key), 0) for p in prepared.problems] for alias in aliases]
    measuring = Measuring.of(prepared, aliases, wanted, sweep.budget_pico, have)
    for alias, most, lacking in zip(aliases, measuring.most, measuring.lacking, strict=True):
        set_down = Counter(lacking)
        left[alias] = [
            (done, max(set_down[ordinal], 0 if ends else n - done))
            for ordinal, (n, (done, ends)) in enumerate(zip(most, there[alias], strict=True))
        ]
    return left


def _tells(prepared: Prepared, models: tuple[ModelPlanned, ...]) -> tuple[PairTold, ...]:
    """Of models with samples still to ask, whose costs are then expected; others are compared by `frontier` already."""
    wanted = {alias: model.samples for alias, model in prepared.sweep.models.items()}
    sides = [
        Side(
            m.alias,
            wanted[m.alias],
            m.expected_pico / m.samples if m.is_expected and not m.replayed else None,
        )
        for m in models
        if m.samples
    ]
    return can_tell(len(prepared.problems), sides)


def _spends(prepared: Prepared, models: tuple[ModelPlanned, ...]) -> int:
    """What all are expected to cost, each at most its own budget."""
    caps = {alias: model.budget_pico for alias, model in prepared.sweep.models.items()}
    paid = [m for m in models if not m.replayed]
    return sum(m.expected_pico if (cap := caps[m.alias]) is None else min(cap, m.expected_pico) for m in paid)


def _within_its_own(prepared: Prepared, m: ModelPlanned) -> float:
    """Where all fits, only a model's own budget is short: what one doesn't use of its share passes on."""
    cap = prepared.sweep.models[m.alias].budget_pico
    return 1.0 if m.replayed or cap is None or m.expected_pico <= cap else cap / m.expected_pico


def _fixed(prepared: Prepared, models: tuple[ModelPlanned, ...]) -> int:
    """What models are expected to cost whose samples are stated by problem: it is not moved."""
    return sum(
        m.expected_pico
        for m in models
        if not m.replayed and prepared.sweep.models[m.alias].samples_by_problem
    )


def _there(prepared: Prepared, db: Path) -> tuple[dict[str, list[tuple[int, bool]]], int]:
    """By alias and ordinal (samples there, whether no more are asked for); and what counts against the budget
    already."""
    sweep = prepared.sweep
    there: dict[str, dict[str, tuple[int, bool]]] = {}
    held = 0
    prepared.means.update({alias: Means() for alias in sweep.models})
    if db.exists() and db.stat().st_size > 0:
        with reading(db), closing(open_reader(db)) as connection:
            prepared.empty_replies.update(empty_replies(connection, sweep.name))
            held, there = state_for_plan(connection, db, sweep.name, prepared.means)
            for alias, model in sweep.models.items():
                if model.serve is not None and (seen := last_loading_s(connection, alias)) is not None:
                    prepared.loading_s[alias] = seen
            for alias, learnt in learnt_bounds(connection, sweep.name).items():
                if alias in sweep.models:
                    provider = sweep.models[alias].provider
                    prepared.overheads[alias] = learnt.overhead_tokens
                    ratio = learnt_ratio(learnt.billed_more, prepared.prices[alias], provider)
                    prepared.cost_ratios[alias] = ratio
            prepared.learn_judge()
    found: dict[str, list[tuple[int, bool]]] = {}
    steered = sweep.policy.ends_at_success
    solved_by_any = {
        key
        for of in there.values()  # those included that the sweep no longer names
        for key, (_, solved) in of.items()
        if solved and steered
    }
    for alias, model in sweep.models.items():
        mine = there.get(alias, {})
        stops = model.mode == "until_solved"
        found[alias] = [
            (done, (stops and solved) or problem.key in solved_by_any)
            for problem in prepared.problems
            for done, solved in [mine.get(problem.key, (0, False))]
        ]
    return found, held


def _worst(prepared: Prepared, alias: str, counts: list[tuple[int, int]], *, rounds: bool) -> int:
    model = prepared.sweep.models[alias]
    if model.gpu_usd_per_hour is not None:
        samples = sum(lacking for _, lacking in counts)
        if model.agent is not None and model.agent.attempt_pico is not None:
            return samples * model.agent.attempt_pico
        return prepared.server_pico(alias, samples * model.max_tokens)
    max_n = most_n(model, None)
    total = 0
    for ordinal, (done, lacking) in enumerate(counts):
        if lacking:
            bound = prepared.bound(alias, ordinal)
            total += requests_for(done, lacking, max_n, rounds=rounds) * bound.fixed + lacking * bound.sample
    return total


def _expected(
    prepared: Prepared, alias: str, ordinal: int, requests: int, samples: int
) -> tuple[int, int, int]:
    """(pico-dollars, input tokens, output tokens) expected of so many requests and samples of a problem."""
    input_tokens = round(prepared.expected_input(alias, ordinal))
    output_tokens = round(samples * prepared.expected_output(alias))
    return (
        prepared.expected_pico(alias, ordinal, requests=requests, samples=samples),
        requests * input_tokens,
        output_tokens,
    )


def _shares(
    prepared: Prepared, left: dict[str, list[tuple[int, int]]], held: int, verdicts: Verdicts, *, rounds: bool
) -> dict[str, int | None]:
    """Money by alias that the plan may use: its share if money is short, else None (all it needs)."""
    budget = prepared.sweep.budget_pico
    if budget is None or not rounds:
        return dict.fromkeys(left)
    funds = {
        alias: Funds(
            weight=max(
                1,
                verdicts.expected_pico
                if alias == prepared.sweep.judge
                else _expected_total(prepared, alias, counts),
            ),
            cap=prepared.sweep.models[alias].budget_pico,
            counted=not prepared.replayed[alias],
        )
        for alias, counts in left.items()
    }
    shared = Budget(budget, funds, others_held=held, shared=True)
    return {alias: None if prepared.replayed[alias] else max(0, shared.share(alias)) for alias in left}


def _expected_total(prepared: Prepared, alias: str, counts: list[tuple[int, int]]) -> int:
    max_n = most_n(prepared.sweep.models[alias], None)
    return sum(
        _expected(prepared, alias, ordinal, requests_for(done, lacking, max_n, rounds=False), lacking)[0]
        for ordinal, (done, lacking) in enumerate(counts)
        if lacking
    )


def _model(
    prepared: Prepared,
    alias: str,
    counts: list[tuple[int, int]],
    shares: dict[str, int | None],
    *,
    rounds: bool,
) -> ModelPlanned:
    max_n = most_n(prepared.sweep.models[alias], None)
    share = shares[alias]
    requests = samples = input_tokens = output_tokens = expected = largest_worst = packing = caching = 0
    for ordinal, (done, lacking) in enumerate(counts):
        if not lacking:
            continue
        count = requests_for(done, lacking, max_n, rounds=rounds)
        pico, tokens_in, tokens_out = _expected(prepared, alias, ordinal, count, lacking)
        requests, samples, expected = requests + count, samples + lacking, expected + pico
        input_tokens, output_tokens = input_tokens + tokens_in, output_tokens + tokens_out
        largest_worst = max(largest_worst, prepared.bound(alias, ordinal).worst(1))
        packing += prepared.expected_pico(alias, ordinal, requests=lacking, samples=lacking) - pico
        caching += prepared.caching_saves_pico(alias, ordinal, lacking)
    model = prepared.sweep.models[alias]
    by_server_time = model.gpu_usd_per_hour is not None
    cap = model.budget_pico
    money = share if share is not None else cap
    covered = 1.0 if money is None or not expected else min(1.0, money / expected)
    in_flight = requests if money is None or not largest_worst else min(requests, money // largest_worst)
    return ModelPlanned(
        alias=alias,
        requests=requests,
        samples=samples,
        done=sum(done for done, _ in counts),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        expected_pico=expected,
        worst_pico=_worst(prepared, alias, counts, rounds=rounds),
        largest_worst_pico=largest_worst,
        seconds=None if model.agent else _seconds(prepared, alias, requests, input_tokens, output_tokens),
        in_flight=in_flight,
        covered=covered,
        max_n=max_n,
        packing_pico=None if by_server_time else 0 if model.agent else packing,
        caching_pico=caching,
        price_note=price_note(prepared.prices[alias], model.base_url, model.model),
        empty_replies=prepared.empty_replies.get(alias, EmptyReplies()).words(model.max_tokens),
        replayed=prepared.replayed[alias],
        by_server_time=by_server_time,
        from_ledger=prepared.means[alias].pico_per_attempt is not None
        if model.agent
        else prepared.means[alias].completion_tokens is not None,
        agent=model.agent is not None,
    )


def _judges(
    prepared: Prepared, planned: ModelPlanned, verdicts: Verdicts, shares: dict[str, int | None]
) -> ModelPlanned:
    """The row of a model that only grades: a request for each sample of the others."""
    cap, share = prepared.sweep.models[planned.alias].budget_pico, shares[planned.alias]
    money = share if share is not None else cap
    expected, requests = verdicts.expected_pico, verdicts.requests
    return replace(
        planned,
        requests=requests,
        input_tokens=verdicts.input_tokens,
        output_tokens=verdicts.output_tokens,
        expected_pico=expected,
        worst_pico=verdicts.worst_pico,
        largest_worst_pico=verdicts.largest_pico,
        seconds=_seconds(prepared, planned.alias, requests, verdicts.input_tokens, verdicts.output_tokens),
        covered=1.0 if money is None or not expected else min(1.0, money / expected),
        in_flight=requests
        if not money or not verdicts.largest_pico
        else min(requests, money // verdicts.largest_pico),
    )


def _seconds(
    prepared: Prepared, alias: str, requests: int, input_tokens: int, output_tokens: int
) -> float | None:
    limits = prepared.sweep.models[alias].limits
    pairs = (
        (limits.requests_per_minute, requests),
        (limits.tokens_per_minute, input_tokens + output_tokens),
        (limits.input_tokens_per_minute, input_tokens),
        (limits.output_tokens_per_minute, output_tokens),
    )
    times = [amount / limit * MINUTE_S for limit, amount in pairs if limit]
    return max(times) if times else None
