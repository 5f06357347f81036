"""The models of a run as a table that fits the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from orchestrator.progress import ModelProgress
from orchestrator.report import figures
from orchestrator.report.short_names import short_names
from orchestrator.text.money import usd


@dataclass(frozen=True, slots=True)
class Column:
    """`needed`: shown if it is true of a model. `rank`: the least goes first if the width is short."""

    name: str
    cell: Callable[[ModelProgress], str]
    rank: int
    needed: Callable[[ModelProgress], bool] | None = None


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


_COLUMNS = (
    Column("model", lambda m: m.alias, 9),
    Column("samples", figures.samples, 8),
    Column("failed", lambda m: _count(m.failed), 5, lambda m: m.failed > 0),
    Column("solved", figures.solved, 7),
    Column("coverage", figures.coverage, 2),
    Column("pass", figures.pass_rate, 3),
    Column("settled", lambda m: usd(m.settled_pico), 6),
    Column("presumed", lambda m: usd(m.presumed_pico), 4, lambda m: m.presumed_pico > 0),
    Column("requests", lambda m: _count(m.requests), 1),
    Column("retries", lambda m: _count(m.retries), 0, lambda m: m.retries > 0),
)
NAME = 24
_KEPT = 2
_SHARES = (figures.coverage, figures.pass_rate)


class ModelsTable:
    """The models' figures. What no model has gets no column, and what only explains goes if the width is short.
    `steered`: outcomes chose who was asked what, so shares of what was asked would mislead. `also`: columns at the
    end."""

    def __init__(
        self, models: Sequence[ModelProgress], *, steered: bool = False, also: Sequence[Column] = ()
    ) -> None:
        self._models = models
        self._names = short_names([m.alias for m in models], NAME)
        self._columns = [c for c in (*_COLUMNS, *also) if not (steered and c.cell in _SHARES)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = [c for c in self._columns if self._is_told(c)]
        while (
            len(columns) > _KEPT
            and Measurement.get(console, options.update(width=1000), self._table(columns)).maximum
            > options.max_width
        ):
            columns.remove(min(columns, key=lambda c: c.rank))
        yield self._table(columns)

    def _is_told(self, column: Column) -> bool:
        if column.cell in _SHARES:
            return any(column.cell(m) != figures.NONE for m in self._models)
        return column.needed is None or any(map(column.needed, self._models))

    def _table(self, columns: Sequence[Column]) -> Table:
        table = Table(box=None, pad_edge=False)
        for column in columns:
            # The alias alone may break over lines where the width is short.
            first = column is _COLUMNS[0]
            table.add_column(
                column.name,
                justify="left" if first else "right",
                no_wrap=not first,
                overflow="fold" if first else "ellipsis",
            )
        for name, m in zip(self._names, self._models, strict=True):
            table.add_row(Text(name), *(Text(column.cell(m)) for column in columns[1:]))
        return table
