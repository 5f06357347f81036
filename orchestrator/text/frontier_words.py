"""The frontier's figures in words, the same on the terminal and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = 200
"""Longer names are hostile."""
UNITS = {"usd": "dollars", "tokens": "tokens", "seconds": "seconds", "flops": "FLOPs", "samples": "samples"}


def gathered(warnings: Iterable[str], aliases: Iterable[str]) -> list[str]:
    """What is said of several models in the same words, once: "a, b: words"."""
    said: dict[tuple[str, bool], list[str]] = {}
    by_length = sorted(aliases, key=len, reverse=True)  # an alias may begin as another one, with a colon
    for warning in warnings:
        alias = next((one for one in by_length if warning.startswith(f"{one}: ")), None)
        words = warning if alias is None else warning[len(alias) + 2 :]
        said.setdefault((words, alias is None), []).append(alias or "")
    return [words if general else f"{', '.join(of)}: {words}" for (words, general), of in said.items()]


def amount(axis: str, value: float | None) -> str:
    """A cost on its axis; a question mark where it is not known."""
    if value is None:
        return "?"
    if axis == "usd":
        return usd(value * PICO_PER_USD)
    if axis == "flops":
        return f"{value:.3g}"
    digits = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{digits} s" if axis == "seconds" else digits


def per_thousand(axis: str, value: float | None) -> str:
    """A problem's cost, for a thousand of them: dollars a problem are too small to read."""
    return f"{counted(axis, None if value is None else 1000 * value)} per 1,000 problems"


def counted(axis: str, value: float | None) -> str:
    """With what is counted: 5,410 samples."""
    has_unit = value is None or axis in ("usd", "seconds")
    return amount(axis, value) + ("" if has_unit else f" {UNITS[axis]}")


def for_the_same(axis: str) -> str:
    """What a comparison holds equal: dollars, or what else the axis counts."""
    if axis == "usd":
        return "for the same money"
    return "in the same time" if axis == "seconds" else f"for as many {UNITS[axis]}"


def cost_title(axis: str) -> str:
    """What an axis or a column of costs is headed by."""
    if axis == "usd":
        return "dollars per 1,000 problems"
    return "samples per problem (k)" if axis == "samples" else f"{UNITS[axis]} per problem"


def under_title(axis: str, value: float | None) -> str:
    """A problem's cost as `cost_title` counts: dollars for a thousand of them."""
    return amount(axis, None if value is None else value * (1000 if axis == "usd" else 1))


def percent(share: float) -> str:
    """One decimal; 0.0% and 100.0% only where they are exact, since what is left unsolved is what counts."""
    if 0.9995 <= share < 1.0:
        return ">99.9%"
    return "<0.1%" if 0.0 < share < 0.0005 else f"{share:.1%}"


def band(point: Mapping[str, Any], *, plain: bool = False) -> str:
    if point["low"] is None or point["high"] is None:
        return "?"
    return f"{100 * point['low']:.1f}{' - ' if plain else ' – '}{percent(point['high'])}"


def largest_k(document: Mapping[str, Any], alias: str) -> int:
    """The most samples of a model that the document has coverage for."""
    return covered(document["models"][alias])[-1]["k"]


def covered(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The points whose coverage is known: of draws that another set of verdicts stopped, those of k = 1 alone."""
    return [point for point in model["coverage"] if point["coverage"] is not None]


def chance(share: float) -> str:
    """Never a certainty that problems drawn anew do not give."""
    if share > 0.995:
        return "over 0.99"
    return "under 0.01" if share < 0.005 else f"{share:.2f}"


def bought(policy: Mapping[str, Any]) -> str:
    """What to buy: "up to 5 × cheap, then up to 1 × expensive"."""
    up_to = "" if policy["stop"] == "none" else "up to "
    then = " + " if policy["kind"] == "mix" else ", then "
    return then.join(
        f"{up_to}{policy['samples'][alias]:,} × {safe(alias, NAME)}" for alias in policy["order"]
    )


def routed(document: Mapping[str, Any], axis: str) -> str | None:
    """What a router could save at most; None where that isn't known."""
    found = document.get("routing_bound")
    if found is None:
        return None
    return (
        "If a router knew which model solves each problem for the least (learned from half of the samples, priced on "
        f"the other half): {percent(found['coverage'])} for {per_thousand(axis, found[f'{axis}_per_problem'])}."
    )


def as_printed(share: float) -> str:
    """With the two decimals that papers print."""
    return f"{100 * share:.2f}%"
