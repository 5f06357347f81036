"""The warnings of a run as one table: model, what, how often, and the dollars that bought nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.grammar import many
from orchestrator.report.cells import fit, wrap
from orchestrator.report.short_names import short_names
from orchestrator.sending.warning_lines import Warned
from orchestrator.text.failure_words import failure_words
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from orchestrator.ledger.reading.money.failures import Failures

MOST = 12
NAME = 24
GAP = "  "
LONGEST = 600
HEADS = ("model", "what happened", "times", "dollars")


class Row(NamedTuple):
    """`pico`: what may have been billed for it."""

    model: str
    what: str
    times: int
    pico: int = 0

    @property
    def dollars(self) -> str:
        """ "-" if nothing."""
        return usd(self.pico) if self.pico else "-"


def warning_rows(warnings: Sequence[str], failures: Sequence[Failures]) -> list[Row]:
    """Failed requests first: they are what may have cost money. More rows than are shown are joined first, where the
    same happened to several models, so that what happened to one is seen."""
    rows: list[Row] = []
    for of in failures:
        words, cost = failure_words(of.error, presumed=of.presumed_pico > 0)
        said = f"{words} ({cost})" if cost else words
        rows.append(Row(of.model, said, of.times, of.presumed_pico))
    for line in warnings:
        known = isinstance(line, Warned)
        rows.append(Row(line.model, line.what, line.times) if known else Row("", line, 1))
    return rows if len(rows) <= MOST else _joined(rows)


def _joined(rows: Sequence[Row]) -> list[Row]:
    """One row for what happened to several models."""
    by_what: dict[str, list[Row]] = {}
    for row in rows:
        by_what.setdefault(row.what, []).append(row)
    return [
        same[0]
        if len(same) == 1
        else Row(f"{len(same)} models", what, sum(r.times for r in same), sum(r.pico for r in same))
        for what, same in by_what.items()
    ]


class WarningsTable:
    """At most so many rows. On a terminal long words wrap within their column; elsewhere nothing does."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows[:MOST]
        self._more = len(rows) - MOST

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines(options.max_width if console.is_terminal else None):
            yield Text(line, "yellow", no_wrap=True, overflow="ignore")

    def _lines(self, width: int | None) -> Iterator[str]:
        names = (
            short_names([row.model for row in self._rows], NAME) if width else [r.model for r in self._rows]
        )
        shown = [safe(name) if row.model else "" for name, row in zip(names, self._rows, strict=True)]
        times = [f"{row.times:,}" for row in self._rows]
        first, third, last = (
            max(map(cell_len, cells))
            for cells in (
                [HEADS[0], *shown],
                [HEADS[2], *times],
                [HEADS[3], *(row.dollars for row in self._rows)],
            )
        )
        whats = [safe(row.what, LONGEST) for row in self._rows]
        widest = max(map(cell_len, [HEADS[1], *whats]))
        room = widest if width is None else min(widest, max(20, width - first - third - last - 3 * len(GAP)))
        yield _line(HEADS, (first, room, third, last))
        for name, what, count, row in zip(shown, whats, times, self._rows, strict=True):
            head, *rest = wrap(what, room, LONGEST) or [""]
            yield _line((name, head, count, row.dollars), (first, room, third, last))
            for more in rest:
                yield (fit("", first) + GAP + more).rstrip()
        if self._more > 0:
            yield f"and {many(self._more, 'further kind')}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    sides = ("left", "left", "right", "right")
    return GAP.join(fit(c, w, s) for c, w, s in zip(cells, widths, sides, strict=True)).rstrip()
