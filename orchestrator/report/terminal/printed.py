"""Printed results for people: the cost table, and which is cheaper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from orchestrator.text.frontier_words import NAME
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console


def print_printed(
    console: Console, table: Sequence[Mapping[str, Any]], comparisons: Sequence[Mapping[str, Any]]
) -> None:
    """To `console`; `comparisons` may hold those of samples too, which are left to the frontier's own text."""
    console.print(Text("as printed: coverages that came without their samples", style="bold"))
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    shown.add_column("model", overflow="fold")
    for name in ("attempts", "coverage", "an attempt", "a problem", "in all", "ratio"):
        shown.add_column(name, justify="right", no_wrap=True)
    for row in table:
        shown.add_row(
            Text(safe(row["model"], NAME)),
            f"{row['k']:,}",
            f"{100 * row['coverage']:.2f}%",
            _dollars(row["usd_per_attempt"]),
            _dollars(row["usd_per_problem"]),
            "?" if row["usd"] is None else f"${row['usd']:,.2f}",
            "?" if row["ratio"] is None else f"{row['ratio']:.1f}x",
        )
    console.print(shown)
    console.print()
    printed = {row["model"] for row in table}
    for row in comparisons:
        if row["cheap"] in printed and row["expensive"] in printed:
            console.print(Text(f"  {sentence(row)}"))
    console.print()


def sentence(row: Mapping[str, Any]) -> str:
    """Which of two is cheaper for the same coverage."""
    cheap, expensive = safe(row["cheap"], NAME), safe(row["expensive"], NAME)
    aim = f"{row['expensive_k']:,} x {expensive}"
    covers = f"{100 * row['coverage_expensive']:.2f}% for {_dollars(row['usd_expensive'])} a problem"
    if row["cheap_k"] is None:
        return f"{aim} cover {covers}; no printed number of {cheap} reaches that"
    mine = f"{100 * row['coverage_cheap']:.2f}% for {_dollars(row['usd_cheap'])}"
    if row["cost_ratio"] is None:
        return f"{row['cheap_k']:,} x {cheap} cover {mine}, {aim} {covers}"
    wins = cheap if row["cost_ratio"] > 1 else expensive
    verdict = "the same" if row["cost_ratio"] == 1 else f"{wins} is cheaper"
    return f"{row['cheap_k']:,} x {cheap} cover {mine}, {aim} {covers}: {verdict}, {row['cost_ratio']:.1f}x"


def _dollars(value: float) -> str:
    return usd(value * PICO_PER_USD)
