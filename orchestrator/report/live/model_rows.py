"""The models of a live frame: a row of figures for each, with its bar beside or below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rich.cells import cell_len
from rich.text import Text

from orchestrator.progress import ModelProgress
from orchestrator.report import figures
from orchestrator.report.cells import Side, clip, fit, split
from orchestrator.report.live.glyphs import Glyphs, writable
from orchestrator.report.short_names import short_names
from orchestrator.text.safe import safe

GAP = 2
_BAR_MIN, _BAR_MAX = 8, 40
_PERCENT = 5
_STATE = 46
"""Cells for why nothing more goes out: "as many requests in flight as its limit allows"."""
_STATE_MIN = 16
"""With fewer cells than these a reason says nothing."""
DONE, FAILED, TODO, STOPPED = "blue", "red", "dim", "red"


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a row. `order`: the columns with the greatest go first if the width is short."""

    name: str
    least: int
    order: int
    side: Side = "right"


COLUMNS = (
    Column("model", 5, 0, "left"),
    Column("samples", 7, 1),
    Column("per s", 5, 3),
    Column("solved", 6, 2),
    Column("coverage", 8, 8),
    Column("pass", 5, 4),
    Column("in flight", 9, 6),
    Column("cost", 8, 5),
    Column("left", 10, 7),
)


class ModelRows:
    """Draws rows whose columns only ever grow, until `forget`."""

    def __init__(self, glyphs: Glyphs, encoding: str) -> None:
        self._glyphs = glyphs
        self._encoding = encoding
        self._widths: dict[str, int] = {}
        self._shown: dict[str, str] = {}

    def forget(self) -> None:
        self._widths = {}

    def height(self, models: Sequence[ModelProgress], places: int, width: int) -> int:
        """Lines that all models take at this width, with the line of column names."""
        self._shown = self._shortened(models, width)
        for m in models:
            self._grow(self._cells(m, places, width))
            # As wide as they will be, so that no column has to go when they get there.
            self._grow({"samples": figures.samples(replace(m, done=m.planned))})
            self._grow({"solved": figures.solved(replace(m, solved_problems=m.problems))})
        return 1 + len(models) * (1 if self._one_line(width) else 2)

    def draw(self, models: Sequence[ModelProgress], places: int, width: int, room: int) -> list[Text]:
        """At most `room` lines. With too little room the bars go first, then models that are finished, then the
        last; how many are missing is said."""
        bars = self.height(models, places, width) <= room and not self._one_line(width)
        names = room > min(2, len(models))
        shown = list(models)
        if names + len(shown) * (2 if bars else 1) > room:
            shown = _first(models, max(0, room - names - 1))
        columns = self._columns(width)
        lines = [self._names(columns, width)] if names else []
        for m in shown:
            lines.append(self._row(m, self._cells(m, places, width), columns, width, alone=not bars))
            if bars:
                lines.append(self._below(m, width))
        if len(shown) < len(models):
            lines.append(Text(clip(_more(models, shown), width, self._glyphs.ellipsis), "dim"))
        return lines

    # -- columns ----------------------------------------------------------------------------------------------------

    def _cells(self, m: ModelProgress, places: int, width: int) -> dict[str, str]:
        return {
            "model": self._shown[m.alias],
            "samples": figures.samples(m),
            "per s": figures.rate(m.samples_per_s),
            "solved": figures.solved(m),
            "coverage": figures.coverage(m, self._glyphs.unknown),
            "pass": figures.pass_rate(m, self._glyphs.unknown),
            "in flight": figures.in_flight(m),
            "cost": figures.cost(m, places),
            "left": figures.left(m, self._glyphs.unknown),
        }

    def _shortened(self, models: Sequence[ModelProgress], width: int) -> dict[str, str]:
        most = max(min(12, width // 3), width // 5)
        names = [writable(safe(m.alias), self._encoding) for m in models]
        short = _short_names(tuple(names), most, self._glyphs.ellipsis)
        kept = (clip(writable(name, self._encoding), most, self._glyphs.ellipsis) for name in short)
        return {m.alias: name for m, name in zip(models, kept, strict=True)}

    def _grow(self, cells: Mapping[str, str]) -> None:
        for column in COLUMNS:
            known = self._widths.get(column.name, max(column.least, len(column.name)))
            self._widths[column.name] = max(known, cell_len(cells.get(column.name, "")))

    def _columns(self, width: int) -> list[Column]:
        """Those that fit, in their order on the screen."""
        kept: list[Column] = []
        used = -GAP
        for column in sorted(COLUMNS, key=lambda c: c.order):
            used += self._widths[column.name] + GAP
            if used > width and kept:
                break
            kept.append(column)
        return [column for column in COLUMNS if column in kept]

    def _one_line(self, width: int) -> bool:
        """Whether all columns, a bar and a reason fit beside one another."""
        columns = sum(self._widths[column.name] + GAP for column in COLUMNS) if self._widths else width
        return columns + _BAR_MIN + _PERCENT + GAP + _STATE <= width

    # -- lines ------------------------------------------------------------------------------------------------------

    def _names(self, columns: Sequence[Column], width: int) -> Text:
        names = (fit(c.name, self._widths[c.name], c.side) for c in columns)
        return Text(clip((" " * GAP).join(names), width, self._glyphs.ellipsis), "dim")

    def _row(
        self,
        m: ModelProgress,
        cells: Mapping[str, str],
        columns: Sequence[Column],
        width: int,
        *,
        alone: bool,
    ) -> Text:
        """The figures; `alone`: with what would stand below them, as far as there is room."""
        line = Text()
        for column in columns:
            shown = fit(cells[column.name], self._widths[column.name], column.side, self._glyphs.ellipsis)
            line.append(" " * GAP if line else "").append(shown, "bold" if column.name == "model" else "")
        if alone and self._one_line(width):
            room = width - cell_len(line.plain) - GAP - _PERCENT - GAP - _STATE
            line.append(" " * GAP).append_text(self._bar(m, min(_BAR_MAX, room)))
        if alone and width - cell_len(line.plain) - GAP >= _STATE_MIN:
            line.append(" " * GAP).append_text(self._state(m, width - cell_len(line.plain) - GAP))
        return line

    def _below(self, m: ModelProgress, width: int) -> Text:
        room = width - GAP - _PERCENT - GAP - _STATE
        line = Text(" " * GAP).append_text(self._bar(m, min(_BAR_MAX, max(_BAR_MIN, room))))
        left = width - cell_len(line.plain) - GAP
        return line.append(" " * GAP).append_text(self._state(m, left)) if left >= _STATE_MIN else line

    def _bar(self, m: ModelProgress, width: int) -> Text:
        g = self._glyphs
        cells = split([m.done, m.failed, max(0, m.planned - m.done - m.failed)], width)
        bar = Text()
        for sign, style, count in zip((g.done, g.failed, g.todo), (DONE, FAILED, TODO), cells, strict=True):
            bar.append(sign * count, style)
        percent = g.unknown
        if m.planned:
            percent = "100%" if figures.finished(m) else f"{min(99, 100 * (m.done + m.failed) // m.planned)}%"
        return bar.append(percent.rjust(_PERCENT))

    def _state(self, m: ModelProgress, width: int) -> Text:
        """Why nothing more goes out. A stop's reason stands in full below the models."""
        if m.stopped is not None:
            return Text("stopped", STOPPED)
        return Text(clip(writable(figures.state(m), self._encoding), width, self._glyphs.ellipsis), "dim")


@lru_cache(maxsize=4)
def _short_names(names: tuple[str, ...], width: int, ellipsis: str) -> list[str]:
    """The same in every frame."""
    return short_names(names, width, ellipsis)


def _first(models: Sequence[ModelProgress], count: int) -> list[ModelProgress]:
    """`count` models, those at work before those that are finished, in the order of the sweep."""
    at_work = [i for i, m in enumerate(models) if not figures.finished(m)]
    rest = [i for i, m in enumerate(models) if figures.finished(m)]
    return [models[i] for i in sorted([*at_work, *rest][:count])]


def _more(models: Sequence[ModelProgress], shown: Sequence[ModelProgress]) -> str:
    """+ 12 models, 3 of them finished"""
    hidden = [m for m in models if m not in shown]
    finished = sum(figures.finished(m) for m in hidden)
    said = f"+ {len(hidden):,} {'model' if len(hidden) == 1 else 'models'}"
    return said + (f", {finished:,} of them finished" if finished else "")
