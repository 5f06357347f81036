"""What samples would have cost more, had each been asked for by itself: those of one request share its prompt."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from pricing.cost import cost_and_input_pico
from pricing.form import price_from_json
from pricing.types import Price, Tokens

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.ledger.reading.outcomes.problem_counts import Axis, Side

_COUNTS = "prompt_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens"
_SENT = (
    f"SELECT problem_id, n, count(*), {_COUNTS} FROM {{table}} WHERE model_id = ? AND state = 'settled' "
    f"AND prompt_tokens IS NOT NULL GROUP BY problem_id, n, {_COUNTS}"
)
_SUMS = ", ".join(f"sum({key})" for key in _COUNTS.split(", "))
_IMPORTED = (
    f"SELECT problem_id, count(*), 1, {_SUMS} FROM sample WHERE model_id = ? AND request_ref IS NOT NULL "
    "GROUP BY problem_id, request_ref HAVING sum(prompt_tokens) IS NOT NULL"
)

Unpaid = Literal["maybe", "surely"]
Count = tuple[int, int, int, int]
"""Of a request: all input tokens, and of them those read from a cache and written to one."""


def shared_prompts(
    connection: sqlite3.Connection, model: sqlite3.Row, axes: Sequence[Axis | Side]
) -> tuple[list[Mapping[int, float]], Mapping[int, float]]:
    """By axis, in their order, and by problem: the mean over its samples of what the rest of its request's prompt
    costs; and by problem how many samples a request held on average. Problems without requests are left out."""
    costs = [_cost(model, axis) for axis in axes]
    samples: dict[int, int] = defaultdict(int)
    requests: dict[int, int] = defaultdict(int)
    more: list[dict[int, float]] = [defaultdict(float) for _ in axes]
    if not any(costs):
        return list(more), {}
    for problem, n, times, *counts in _requests(connection, model["id"]):
        samples[problem] += n * times
        requests[problem] += times
        of = (counts[0], counts[1] or 0, counts[2] or 0, counts[3] or 0)
        if n > 1:
            for place, cost in enumerate(costs):
                if cost is not None:
                    more[place][problem] += (n - 1) * times * cost(of)
    means = [{problem: total / samples[problem] for problem, total in one.items()} for one in more]
    return list(means), {problem: n / requests[problem] for problem, n in samples.items()}


def unpaid_prompts(connection: sqlite3.Connection, model: sqlite3.Row) -> Unpaid | None:
    """Of imported samples with costs: "surely" where some shared a request and its prompt, which can't be paid anew
    without a price; "maybe" where their log doesn't say."""
    if model["definition"] is not None or model["price"] is not None:
        return None
    of = "FROM sample WHERE model_id = ? AND cost_pico > 0 AND prompt_tokens > 0 AND sample_index > 0"
    unknown = (
        f"SELECT 1 {of} AND request_ref IS NULL AND request_id IS NULL AND agent_attempt_id IS NULL LIMIT 1"
    )
    if connection.execute(unknown, (model["id"],)).fetchone() is not None:
        return "maybe"
    several = f"SELECT 1 {of} GROUP BY problem_id, request_ref HAVING count(*) > 1 LIMIT 1"
    return "surely" if connection.execute(several, (model["id"],)).fetchone() is not None else None


def _requests(connection: sqlite3.Connection, model_id: int) -> list[tuple[int, ...]]:
    """(problem, samples, requests alike, counts …)."""
    found: list[tuple[int, ...]] = []
    for table in ("request", "merged_request"):
        found += [tuple(row) for row in connection.execute(_SENT.format(table=table), (model_id,))]
    return found or [tuple(row) for row in connection.execute(_IMPORTED, (model_id,))]


def _cost(model: sqlite3.Row, axis: Axis | Side) -> Callable[[Count], float] | None:
    """Of a prompt on an axis; None where asking apart costs no more, or nobody can tell."""
    if axis in ("tokens", "input_tokens"):
        return lambda of: of[0]
    if axis == "flops" and model["architecture"] is not None:
        stated = json.loads(model["architecture"])
        parameters, attention = (
            float(stated["parameters"]),
            2.0 * int(stated["layers"]) * int(stated["width"]),
        )
        return lambda of: 2.0 * of[0] * (parameters + attention * of[0] / 2.0)
    if axis != "usd" or (price := _price(model["price"])) is None:
        return None
    return lambda of: _pico(price, of)


def _price(stored: str | None) -> Price | None:
    if stored is None:
        return None
    price = price_from_json(json.loads(stored))
    return None if price.source == "gpu time" else price


def _pico(price: Price, of: Count) -> float:
    whole, cached, written, written_1h = of
    tokens = Tokens(input=whole, output=0, cached=cached, cache_write=written, cache_write_1h=written_1h)
    try:
        return cost_and_input_pico(price, tokens)[1]
    except ValueError:
        return 0.0
