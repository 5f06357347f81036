"""The frontier's figures in words, the same on the terminal and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.report.money import PICO_PER_USD, usd
from orchestrator.report.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = 32
UNITS = {"usd": "dollars", "tokens": "tokens", "seconds": "seconds", "flops": "FLOPs"}


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


def percent(share: float) -> str:
    """One decimal; 0.0% and 100.0% only where they are exact, since what is left unsolved is what counts."""
    if 0.9995 <= share < 1.0:
        return ">99.9%"
    return "<0.1%" if 0.0 < share < 0.0005 else f"{share:.1%}"


def band(point: Mapping[str, Any], *, plain: bool = False) -> str:
    if point["low"] is None or point["high"] is None:
        return "?"
    return f"{100 * point['low']:.1f}{' - ' if plain else ' – '}{percent(point['high'])}"


def sentence(row: Mapping[str, Any], axis: str) -> str:
    cheap, dear = safe(row["cheap"], NAME), safe(row["dear"], NAME)
    likely = f"probability {chance(row['probability'])}"
    aim = f"{row['dear_k']:,} × {dear}"
    if row["cheap_k"] is None:
        covers = f"{percent(row['coverage_dear'])} for {amount(axis, row[f'{axis}_dear'])} a problem"
        return f"no sampled number of {cheap} reaches what {aim} does, {covers}; {likely}"
    covers = f"{percent(row['coverage_cheap'])} and {percent(row['coverage_dear'])}"
    verb = "reaches" if row["cheap_k"] == 1 else "reach"
    return f"{row['cheap_k']:,} × {cheap} {verb} what {aim} does ({covers}){_as_share(row['cost_ratio'])}; {likely}"


def _as_share(ratio: float | None) -> str:
    """`ratio` of dear to cheap, as what share of the dear one's cost the cheap one takes."""
    if ratio is None:
        return ""
    if ratio >= 100:
        return f", at 1/{ratio:,.0f} of the cost"
    return f", at {1 / ratio:.2g} of the cost" if ratio >= 1 else f", but at {1 / ratio:.3g} times the cost"


def chance(share: float) -> str:
    """Never a certainty that a share of 2,000 draws does not give."""
    if share > 0.995:
        return "over 0.99"
    return "under 0.01" if share < 0.005 else f"{share:.2f}"


def bought(policy: Mapping[str, Any]) -> str:
    """What to buy: "up to 5 × cheap, then up to 1 × dear"."""
    up_to = "" if policy["stop"] == "none" else "up to "
    then = " + " if policy["kind"] == "mix" else ", then "
    return then.join(
        f"{up_to}{policy['samples'][alias]:,} × {safe(alias, NAME)}" for alias in policy["order"]
    )
