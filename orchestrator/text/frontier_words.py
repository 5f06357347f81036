"""The frontier's figures in words, the same on the terminal and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = 32
UNITS = {"usd": "dollars", "tokens": "tokens", "seconds": "seconds", "flops": "FLOPs"}


def amount(axis: str, value: float | None) -> str:
    """A cost on its axis; a question mark if it is not known."""
    if value is None:
        return "?"
    if axis == "usd":
        return usd(value * PICO_PER_USD)
    if axis == "flops":
        return f"{value:.3g}"
    digits = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{digits} s" if axis == "seconds" else digits


def percent(share: float) -> str:
    """One decimal; 0.0% and 100.0% only if they are exact, since what is left unsolved is what counts."""
    if 0.9995 <= share < 1.0:
        return ">99.9%"
    return "<0.1%" if 0.0 < share < 0.0005 else f"{share:.1%}"


def band(point: Mapping[str, Any], *, plain: bool = False) -> str:
    if point["low"] is None or point["high"] is None:
        return "?"
    return f"{100 * point['low']:.1f}{' - ' if plain else ' – '}{percent(point['high'])}"


def largest_k(document: Mapping[str, Any], alias: str) -> int:
    """The most samples of a model that the document has coverage for."""
    return document["models"][alias]["coverage"][-1]["k"]


def sentence(row: Mapping[str, Any], axis: str, most: int) -> str:
    """`most`: samples that the cheap model has at most."""
    cheap, expensive = safe(row["cheap"], NAME), safe(row["expensive"], NAME)
    aim = f"{row['expensive_k']:,} × {expensive}"
    if row["cheap_k"] is None:
        covers = (
            f"{percent(row['coverage_expensive'])} for {amount(axis, row[f'{axis}_expensive'])} a problem"
        )
        less = f"even {most:,} × {cheap} solve less than {aim} ({covers})"
        return f"{less}; {likelihood(1 - row['probability'])}"
    likely = likelihood(row["probability"])
    covers = f"{percent(row['coverage_cheap'])} and {percent(row['coverage_expensive'])}"
    verb = "reaches" if row["cheap_k"] == 1 else "reach"
    return f"{row['cheap_k']:,} × {cheap} {verb} what {aim} does ({covers}){_as_share(row['cost_ratio'])}; {likely}"


def for_as_much(row: Mapping[str, Any], axis: str) -> str | None:
    """Coverage for the same cost; None if the cheap side costs nothing."""
    found = row[f"equal_{axis}"]
    if found is None:
        return None
    cheap = safe(row["cheap"], NAME)
    if not found["cheap_k"]:
        return f"the same money doesn't buy one sample of {cheap}"
    least = "at least " if found["capped"] else ""
    gain = f"{100 * found['gain']:+.1f} points"
    if found["gain_low"] is not None and found["gain_high"] is not None:
        gain += f", {100 * found['gain_low']:+.1f} to {100 * found['gain_high']:+.1f}"
    more = "all that were sampled, " if found["capped"] else ""
    covered = f"{least}{percent(found['coverage_cheap'])} ({gain})"
    return f"for the same money: {found['cheap_k']:,} × {cheap}, {more}{covered}"


def turning(row: Mapping[str, Any]) -> str | None:
    """At which ratio of the two prices the answer changes; None if no number of cheap ones reaches the expensive."""
    found = row["turns_at"]
    if found["value"] is None or row["price_ratio"] is None:
        return None
    span = ""
    if found["low"] is not None:
        high = " × or more" if found["high"] is None else f"–{found['high']:.3g} ×"
        span = f" (95%: {found['low']:.3g}{high})"
    expensive, cheap = safe(row["expensive"], NAME), safe(row["cheap"], NAME)
    verb, less = ("stays", "unless") if row["price_ratio"] > found["value"] else ("becomes", "if")
    than = "less than" if less == "unless" else "more than"
    return (
        f"{cheap} {verb} the better buy {less} {expensive} costs {than} {found['value']:.3g} × as much per "
        f"sample{span}; now it costs {row['price_ratio']:.3g} ×"
    )


def _as_share(ratio: float | None) -> str:
    """`ratio` of expensive to cheap, as what share of the expensive one's cost the cheap one takes."""
    if ratio is None:
        return ""
    if ratio >= 100:
        return f", at 1/{ratio:,.0f} of the cost"
    return f", at {1 / ratio:.2g} of the cost" if ratio >= 1 else f", but at {1 / ratio:.3g} times the cost"


def likelihood(share: float) -> str:
    """Either sure, of a statement or its opposite, or a probability."""
    return "sure" if share > 0.995 or share < 0.005 else f"probability {share:.2f}"


def chance(share: float) -> str:
    """Never a certainty that a share of 2,000 draws does not give."""
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


def as_printed(share: float) -> str:
    """With the two decimals that papers print."""
    return f"{100 * share:.2f}%"
