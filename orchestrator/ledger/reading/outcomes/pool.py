"""Several ledgers' samples of one model as one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.ledger.reading.money.servers import Stood
from orchestrator.ledger.reading.outcomes.judged import pooled_accepted
from orchestrator.ledger.reading.outcomes.same_draws import without_repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.ledger.reading.outcomes.outcomes import LostProblem, Outcomes


def pooled(parts: Sequence[Outcomes]) -> list[Outcomes]:
    """One for each alias and definition, in their order. Raises InputError where draws are in two of the ledgers."""
    groups: dict[tuple[Any, ...], list[Outcomes]] = {}
    for part in parts:
        groups.setdefault(_kind(part), []).append(part)
    return _named_apart([_pool(group) for group in groups.values()])


def _kind(part: Outcomes) -> tuple[Any, ...]:
    """Equal for what may be pooled. Of an imported model prompt and parameters are not known: there the sweep's
    name has to vouch for them. Draws that end at a success and others have estimators of their own."""
    stopped = part.first is not None
    if part.definition is None:
        return (part.alias, part.provider, part.name, stopped, None, part.sweep)
    return (part.alias, part.provider, part.name, stopped, _canonical(part.definition))


def _canonical(definition: str) -> str:
    try:
        return json.dumps(json.loads(definition), sort_keys=True)
    except ValueError:
        return definition


def _pool(parts: list[Outcomes]) -> Outcomes:
    """Several ledgers' samples of one model as one: sequences one after the other, in the order of the ledgers."""
    parts, repeats = without_repeats(parts)
    if len(parts) == 1:
        return replace(parts[0], repeats=repeats)
    problems = tuple(dict.fromkeys(key for part in parts for key in part.problems))
    place = {key: index for index, key in enumerate(problems)}
    n, c, costed, first = (np.zeros(len(problems), np.int64) for _ in range(4))
    cost = np.zeros(len(problems), parts[0].cost.dtype)
    for part in parts:
        at = np.array([place[key] for key in part.problems], np.int64)
        if part.first is not None:
            first[at] = np.where((first[at] == 0) & (part.first > 0), n[at] + part.first, first[at])
        n[at] += part.n
        c[at] += part.c
        cost[at] += part.cost
        costed[at] += part.costed
    return replace(
        parts[0],
        problems=problems,
        n=n,
        c=c,
        first=None if any(part.first is None for part in parts) else first,
        cost=cost,
        costed=costed,
        total_cost=sum(part.total_cost for part in parts),
        uncosted=sum(part.uncosted for part in parts),
        presumed=sum(part.presumed for part in parts),
        unused=sum(part.unused for part in parts),
        steered_pico=sum(part.steered_pico for part in parts),
        samples=sum(part.samples for part in parts),
        without_verdict=max(part.without_verdict for part in parts),
        ledgers=tuple(dict.fromkeys(path for part in parts for path in part.ledgers)),
        rows=tuple(row for part in parts for row in part.rows),
        repeats=repeats,
        accepted=pooled_accepted(
            [(np.array([place[key] for key in p.problems], np.int64), p.accepted) for p in parts],
            len(problems),
        ),
        **_pooled_further(parts, problems),
    )


def _pooled_further(parts: list[Outcomes], problems: tuple[str, ...]) -> dict[str, Any]:
    """What a problem lost in one ledger is lost of the pool; it is lost whole if no ledger has a verdict on it."""
    place = {key: index for index, key in enumerate(problems)}
    passed_costed, lost = np.zeros(len(problems), np.int64), np.zeros(len(problems), np.int64)
    passed_cost, most = (np.zeros(len(problems), parts[0].cost.dtype) for _ in range(2))
    apart, packed = np.zeros(len(problems)), np.ones(len(problems))
    whole: dict[str, LostProblem] = {}
    for part in parts:
        at = np.array([place[key] for key in part.problems], np.int64)
        if part.passed_cost is not None and part.passed_costed is not None:
            passed_cost[at] += part.passed_cost
            passed_costed[at] += part.passed_costed
        if part.most is not None:
            most[at] = np.maximum(most[at], part.most)
        if part.apart is not None:
            apart[at] += part.apart
        if part.packed is not None:
            packed[at] = np.maximum(packed[at], part.packed)
        if part.lost is not None:
            lost[at] += part.lost
        for key, of in part.lost_whole.items():
            if key in place:
                lost[place[key]] += of.samples
            else:
                whole[key] = whole[key].plus(of) if key in whole else of
    return {
        "passed_cost": passed_cost,
        "passed_costed": passed_costed,
        "most": most,
        "apart": apart,
        "packed": packed,
        "lost": lost,
        "lost_whole": whole,
        "sure_k": min((part.sure_k for part in parts if part.sure_k is not None), default=None),
        "unpaid_prompts": max((part.unpaid_prompts for part in parts if part.unpaid_prompts), default=None),
        "alike": sum(part.alike for part in parts),
        "cut": sum(part.cut for part in parts),
        "stood": Stood(
            sum(part.stood.loading_pico for part in parts), sum(part.stood.idle_pico for part in parts)
        ),
        "failed": sum(part.failed for part in parts),
        "group_by": next((part.group_by for part in parts if part.group_by is not None), None),
        "clusters": {key: value for part in reversed(parts) for key, value in part.clusters.items()},
        "verifier": next((part.verifier for part in parts if part.verifier is not None), None),
    }


def _named_apart(models: list[Outcomes]) -> list[Outcomes]:
    """An alias that stands for one model stays; others become ALIAS@SWEEP, and ALIAS@SWEEP#2 … where even that is
    taken."""
    aliases = [model.alias for model in models]
    taken = {alias for alias in aliases if aliases.count(alias) == 1}
    named: list[Outcomes] = []
    for model in models:
        if aliases.count(model.alias) == 1:
            named.append(model)
            continue
        base = name = f"{model.alias}@{model.sweep}"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}#{number}"
        taken.add(name)
        named.append(replace(model, alias=name))
    return named
