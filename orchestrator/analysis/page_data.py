"""What the HTML report knows beyond the frontier's document: the other axes of cost, tokens to price anew, the spread
of pass rates, spending by kind, provenance.
Of a size that grows with models and k, and three numbers for each problem and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.advice import best_buys
from orchestrator.analysis.arrays import asked, samples_of, unit_of
from orchestrator.analysis.comparisons import comparisons
from orchestrator.analysis.finite import finite
from orchestrator.analysis.policies import policies
from orchestrator.coverage.attempts import one_by_one_cost
from orchestrator.coverage.samples import Samples
from orchestrator.text.frontier_words import covered
from pricing.form import price_from_json
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes, Side
    from orchestrator.ledger.reading.samples.provenance import ModelProvenance, Provenance

AXES: tuple[Axis, ...] = ("usd", "samples", "tokens", "flops", "seconds")
PAGE_AXES: tuple[Axis | Side, ...] = (*AXES, "input_tokens", "output_tokens")
SPREAD_BOUNDS = (0.1, 0.5, 0.9)
_SPREAD_STEPS = 100
MTOK = 10**6


def report_data(
    document: Mapping[str, Any],
    read: Mapping[Axis | Side, Sequence[Outcomes]],
    provenance: Sequence[Provenance],
) -> dict[str, Any]:
    """`document` is the frontier's of one axis; `read` has the same models on all of PAGE_AXES. From here on a model
    is known by its place in the document: names are only for showing."""
    chosen: Axis = document["axis"]
    ks = [[point["k"] for point in covered(model)] for model in document["models"].values()]
    outcomes: dict[Axis, Sequence[Outcomes]] = {axis: read[axis] for axis in AXES}
    known: dict[Axis, Sequence[Outcomes]] = {
        axis: models
        for axis, models in outcomes.items()
        if len(models) == len(ks)
        and (axis == chosen or _any_cost(models))  # a run may have added one meanwhile
    }
    sides = (read["input_tokens"], read["output_tokens"])
    priced = len(ks) if all(len(side) == len(ks) for side in sides) else 0
    where = {(one.path.resolve(), model.row): model for one in provenance for model in one.models}
    axes = {
        axis: _axis(axis, models, ks, document if axis == chosen else None) for axis, models in known.items()
    }
    paid: list[float | None] = axes["usd"]["per_sample"] if "usd" in axes else [None] * len(ks)
    return {
        "axes": axes,
        "prices": [_prices(place, sides, where, ks[place], paid[place]) for place in range(priced)],
        "grid": _grid(outcomes[chosen]),
        "spread": [_spread(one) for one in outcomes[chosen]],
        "spending": [_spending(model, one) for one in provenance for model in one.models],
        "provenance": [_provenance(one) for one in provenance],
    }


def _grid(models: Sequence[Outcomes]) -> dict[str, Any]:
    """Problems by models: how many samples there are, are judged, and passed. `rows`: where each model's stand."""
    problems = list(dict.fromkeys(key for one in models for key in asked(one)))
    return {
        "problems": problems,
        "models": [_counts(one, problems) for one in models],
    }


def _counts(one: Outcomes, problems: Sequence[str]) -> dict[str, list[int]]:
    place = {key: at for at, key in enumerate(one.problems)}
    lost = one.lost if one.lost is not None else np.zeros(len(one.problems), np.int64)
    made: dict[str, list[int]] = {"passed": [], "judged": [], "samples": []}
    for key in problems:
        at = place.get(key)
        whole = one.lost_whole.get(key)
        made["passed"].append(0 if at is None else int(one.c[at]))
        made["judged"].append(0 if at is None else int(one.n[at]))
        samples = 0 if whole is None else whole.samples
        made["samples"].append(samples if at is None else int(one.n[at] + lost[at]))
    return made


def _any_cost(models: Sequence[Outcomes]) -> bool:
    return any(one.samples > one.uncosted for one in models)


def _axis(
    axis: Axis, models: Sequence[Outcomes], ks: list[list[int]], document: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What depends on the axis. Of the chosen one the frontier and the comparisons are made already."""
    ready = [(one, samples_of(one, unit_of(axis))) for one in models]
    ignored: list[str] = []
    if document is None:
        made = policies(axis, ready, ignored)
        del made["budget"]
        made["comparisons"] = comparisons(axis, ready, ignored)
    else:
        made = {key: document[key] for key in ("frontier", "frontier_without_stopping", "comparisons")}
        made["routing_bound"] = document.get("routing_bound")
    return {
        "per_sample": [finite(samples.cost.mean()) if samples.problems else None for _, samples in ready],
        "until_solved": [_until_solved(samples, ks[place]) for place, (_, samples) in enumerate(ready)],
        **made,
        "best_buys": best_buys(made["frontier"], axis),
    }


def _until_solved(samples: Samples, ks: Sequence[int]) -> list[float | None]:
    """The mean over problems of what asking one by one, at most k, costs; by k."""
    paid = one_by_one_cost(samples, np.array(ks, np.int64)) if ks else np.zeros((samples.problems, 0))
    return [finite(value) for value in paid.mean(axis=0)] if samples.problems else []


def _prices(
    place: int,
    sides: tuple[Sequence[Outcomes], Sequence[Outcomes]],
    where: Mapping[Any, ModelProvenance],
    ks: Sequence[int],
    billed: float | None,
) -> dict[str, Any]:
    """Tokens a sample, at once and until solved, as far as they are known, and the price that was paid."""
    models = [found for path, row in sides[0][place].rows if (found := where.get((path.resolve(), row)))]
    told = [samples_of(one[place]) for one in sides]
    known = all(samples.problems and not np.isnan(samples.cost).any() for samples in told)
    rates = _rates(models, free=billed == 0)
    return {
        "tokens": known and rates is not None,
        "usd_per_mtok": None if rates is None else [rates[0], rates[1]],
        "per_sample": [
            float(one.cost.mean()) * factor for one, factor in zip(told, _factors(rates), strict=True)
        ]
        if known
        else None,
        "until_solved": [
            [None if value is None else value * factor for value in _until_solved(one, ks)]
            for one, factor in zip(told, _factors(rates), strict=True)
        ]
        if known
        else None,
    }


def _factors(rates: tuple[float, float, float] | None) -> tuple[float, float]:
    return (1.0 if rates is None else rates[2], 1.0)


def _rates(models: Sequence[ModelProvenance], *, free: bool) -> tuple[float, float, float] | None:
    """(input, output) in dollars per million tokens, and what share of its input's list price was paid, what the cache
    read and wrote in it. None if tokens are not what was paid for; without a price, nothing a token if nothing
    was paid."""
    if not models or models[0].price is None:
        return (0.0, 0.0, 1.0) if free else None
    price = price_from_json(models[0].price)
    if price.source == "gpu time":
        return None
    rates, model = price.bands[0].rates, models[0]
    factor = 1.0
    if rates.input and model.tokens.input:
        apart = model.tokens.cached * (1 - rates.cached_input / rates.input)
        apart += model.tokens.cache_write * (1 - rates.cache_write / rates.input)
        factor = float(1 - apart / model.tokens.input)
    return float(rates.input), float(rates.output), factor


def _spread(outcomes: Outcomes) -> dict[str, Any]:
    """`points`: [share of problems, hardest first; pass rate of one sample] at up to 101 places. `problems`: how many
    have a pass rate of 0, of up to each of the bounds, and of 1."""
    rates = np.sort(_pass_rates(outcomes)) if len(outcomes.n) else np.zeros(0)
    at = np.unique(np.linspace(0, len(rates) - 1, min(len(rates), _SPREAD_STEPS + 1)).round().astype(int))
    between = rates[(rates > 0) & (rates < 1)]
    counts, _ = np.histogram(between, [0.0, *SPREAD_BOUNDS, 1.0])
    return {
        "points": [[float((i + 0.5) / len(rates)), float(rates[i])] for i in at],
        "problems": [int((rates == 0).sum()), *counts.tolist(), int((rates == 1).sum())],
    }


def _pass_rates(outcomes: Outcomes) -> NDArray[np.float64]:
    """Sampled until solved: one over the trial of the first pass. Too high a little, and no mean is made of it."""
    if outcomes.first is None:
        return outcomes.c / outcomes.n
    return np.where(outcomes.first > 0, 1 / np.maximum(outcomes.first, 1), outcomes.c / outcomes.n)


def _spending(model: ModelProvenance, ledger: Provenance) -> dict[str, Any]:
    return {
        "alias": model.alias,
        "ledger": ledger.path.name,
        "used_usd": (model.settled - model.unused) / PICO_PER_USD,
        "unused_usd": model.unused / PICO_PER_USD,
        "presumed_usd": model.presumed / PICO_PER_USD,
        "reserved_usd": model.reserved / PICO_PER_USD,
        "replayed": model.replayed,
        "requests": model.requests,
        "retries": model.retries,
        "samples": model.samples,
        "input_tokens": model.tokens.input,
        "cached_tokens": model.tokens.cached,
        "output_tokens": model.tokens.output,
    }


def _provenance(ledger: Provenance) -> dict[str, Any]:
    return {
        "ledger": ledger.path.name,
        "sweeps": list(ledger.sweeps),
        "runs": ledger.runs,
        "versions": ledger.versions,
        "sweep_file_sha256": ledger.sweep_file_sha256,
        "models": [
            {
                "alias": model.alias,
                "provider": model.provider,
                "model": model.name,
                "served": list(model.served),
                "price": None if model.price is None else _price(model.price),
            }
            for model in ledger.models
        ],
    }


def _price(stored: dict[str, Any]) -> dict[str, Any]:
    price = price_from_json(stored)
    rates = price.bands[0].rates
    return {
        "input": float(rates.input),
        "cached_input": float(rates.cached_input),
        "output": float(rates.output),
        "bands": len(price.bands),
        "source": price.source,
        "name": price.name,
        "version": price.version,
        "date": price.date,
        "service_tier": price.service_tier,
        "batch": price.batch,
    }
