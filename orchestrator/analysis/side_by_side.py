"""The document of `compare`: what each model cost, took, wasted and produced, and whether pairs pass alike."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.arrays import clusters_of
from orchestrator.analysis.money.waste import waste_warning
from orchestrator.coverage.pairs.paired import adjusted, difference
from pricing.cost import cost_pico
from pricing.form import price_from_json
from pricing.types import PICO_PER_USD, Price, Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.ledger.reading.money.model_costs import ModelCosts

MTOK = 10**6


def compare_document(sides: Sequence[ModelCosts]) -> dict[str, Any]:
    """Models by alias, pairs, warnings. What can't be known is null."""
    warnings: list[str] = []
    return {
        "models": {side.alias: _model(side, warnings) for side in sides},
        "pairs": _pairs(sides),
        "warnings": warnings,
    }


def _model(side: ModelCosts, warnings: list[str]) -> dict[str, Any]:
    price = None if side.price is None else price_from_json(side.price)
    tokens = side.tokens.input + side.tokens.output
    waste = _share(side.presumed + side.unused, side.settled + side.presumed)
    text = waste_warning(
        side.alias,
        side.presumed,
        side.unused,
        side.settled + side.presumed,
        stood=side.stood.loading_pico + side.stood.idle_pico,
    )
    if text is not None:
        warnings.append(text)
    if side.first_draws:
        warnings.append(
            f"{side.alias}: another set of verdicts stopped its draws, so its pass rate is that of each problem's "
            "first draw"
        )
    if side.policy is not None:
        rate = (
            "its pass rate is that of draws that no outcome steered"
            if len(side.n)
            else "it has no pass rate of its own: for one, sample it in another sweep without [policy]"
        )
        warnings.append(f"{side.alias}: the policy {side.policy} chose its draws by outcomes, so {rate}")
    return {
        "provider": side.provider,
        "model": side.name,
        "servers": list(side.servers),
        "samples": side.samples,
        "problems": len(side.problems),
        "pass_rate": float(np.mean(side.rates)) if len(side.n) else None,
        "settled_usd": side.settled / PICO_PER_USD,
        "presumed_usd": side.presumed / PICO_PER_USD,
        "unused_usd": side.unused / PICO_PER_USD,
        "loading_usd": side.stood.loading_pico / PICO_PER_USD,
        "idle_usd": side.stood.idle_pico / PICO_PER_USD,
        "waste": waste,
        "usd_per_sample": side.settled / side.samples / PICO_PER_USD if side.samples else None,
        "usd_per_pass": side.settled / side.passes / PICO_PER_USD if side.passes else None,
        "list_price": None if price is None else _listed(price),
        "paid_usd_per_mtok": side.settled / tokens * MTOK / PICO_PER_USD if tokens and side.settled else None,
        "input_tokens_per_sample": _per(side.tokens.input, side.samples),
        "output_tokens_per_sample": _per(side.tokens.output, side.samples),
        "reasoning_share": _share(side.tokens.reasoning, side.tokens.output),
        "cached_share": _share(side.tokens.cached, side.tokens.input),
        "cache_saved_usd": _cache_saved(side, price),
        "latency_s": _latency(side.latency_s),
        "output_tokens_per_s": _speed(side),
        "requests": side.requests,
        "samples_per_request": _per(side.samples, side.requests),
        "retries": side.retries,
        "refused": side.refused,
        "cut_off": side.cut_off,
        "errors": dict(sorted(side.errors.items())),
        "judged": side.judged,
    }


def _listed(price: Price) -> dict[str, Any]:
    rates = price.bands[0].rates
    return {
        "input": float(rates.input),
        "cached_input": float(rates.cached_input),
        "output": float(rates.output),
        "source": price.source,
        "name": price.name,
        "date": price.date,
        "bands": len(price.bands),
    }


def _cache_saved(side: ModelCosts, price: Price | None) -> float | None:
    """Against paying the whole input as uncached, at the first band's rates; negative if writing cost more than
    reading saved."""
    if price is None or side.cost_basis not in ("usage", "batch", "replayed") or not side.tokens.input:
        return None
    if not (side.tokens.cached or side.tokens.cache_write):
        return 0.0
    flat = Price(bands=price.bands[:1], source=price.source, name=price.name)
    plain = cost_pico(flat, Tokens(input=side.tokens.input, output=0))
    paid = cost_pico(
        flat,
        Tokens(
            input=side.tokens.input,
            output=0,
            cached=side.tokens.cached,
            cache_write=side.tokens.cache_write,
            cache_write_1h=side.tokens.cache_write_1h,
        ),
    )
    return (plain - paid) / PICO_PER_USD


def _latency(seconds: Any) -> dict[str, float] | None:
    if not len(seconds):
        return None
    p50, p95, p99 = np.quantile(seconds, [0.5, 0.95, 0.99])
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99)}


def _speed(side: ModelCosts) -> float | None:
    """Output tokens a second of a request, all its samples together."""
    total = float(side.latency_s.sum())
    return side.tokens.output / total if total > 0 else None


def _pairs(sides: Sequence[ModelCosts]) -> list[dict[str, Any]]:
    rows = [row for one, other in combinations(sides, 2) if (row := _pair(one, other)) is not None]
    for row, level in zip(rows, adjusted([row["p_value"] for row in rows]), strict=True):
        row["p_value_of_all_pairs"] = level
    return rows


def _pair(one: ModelCosts, other: ModelCosts) -> dict[str, Any] | None:
    """Whether two models pass alike on the problems that both have; the same model at two vendors first of all."""
    places = [{key: at for at, key in enumerate(side.problems)} for side in (one, other)]
    shared = [key for key in one.problems if key in places[1]]
    if not shared:
        return None
    at = [np.array([place[key] for key in shared], np.int64) for place in places]
    found = difference(one.rates[at[0]], other.rates[at[1]], clusters_of(one, shared))
    assert found is not None
    return {
        "one": one.alias,
        "other": other.alias,
        "same_model": one.name is not None and one.name == other.name,
        "problems": found.problems,
        "pass_rate_difference": found.mean,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "problems_needed": found.needed,
        "cost_ratio": _ratio(one, other),
    }


def _ratio(one: ModelCosts, other: ModelCosts) -> float | None:
    """Dollars a sample of one over the other's."""
    if not (one.samples and other.samples and other.settled):
        return None
    return (one.settled / one.samples) / (other.settled / other.samples)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _per(amount: int, count: int) -> float | None:
    return amount / count if count else None
