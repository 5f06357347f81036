"""What money buys on a number of problems, for `frontier --problems N`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from orchestrator.grammar import many
from orchestrator.text.frontier_words import amount, bought

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

_ROWS = 12


def print_budget(console: Console, document: Mapping[str, Any], problems: int) -> None:
    """To `console`: rows evenly through the frontier, the last one in any case, and from row to row what one problem
    more costs."""
    axis, rows = document["axis"], _some(document["budget"])
    if not rows:
        return
    console.print(Text(f"what money buys on {many(problems, 'problem')}", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("  in all", "solved", "95%", "the next one"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("for each problem", overflow="fold")
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        table.add_row(
            f"  {amount(axis, row[axis])}",
            f"{row['solved']:,.0f}",
            f"{row['low']:,.0f}–{row['high']:,.0f}",
            ""
            if after is None
            else amount(axis, (after[axis] - row[axis]) / (after["solved"] - row["solved"])),
            Text(bought(row["policy"])),
        )
    console.print(table)
    console.print()


def _some(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    step = max(1, -(-len(rows) // _ROWS))
    return list(rows[::-1][::step][::-1])
