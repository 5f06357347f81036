"""A plot for terminals: lines of braille dots with a marker for every point, or plain ASCII. Rows of text come out;
series differ by marker, so that nobody needs colour to distinguish them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MARKERS = "●▲■◆○△□◇"
ASCII_MARKERS = "ox+#@%&$"

# Unicode's braille patterns: the bit of each dot by row and column inside a cell of 4 × 2.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800
_MARGIN = 6
_TICK_STEPS = (1, 2, 5)
_SHARE_STEPS = (0.05, 0.1, 0.2, 0.25, 0.5)


@dataclass(frozen=True, slots=True)
class Series:
    """Points by rising x > 0; y in 0 … 1."""

    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(slots=True)
class Cell:
    """One character and the series it belongs to (None: the frame)."""

    character: str = " "
    series: int | None = None
    dots: int = 0


def plot(
    series: Sequence[Series], label: Callable[[float], str], *, width: int, height: int, ascii_only: bool
) -> list[list[Cell]]:
    """Rows of cells: y in percent against log x, ticks labelled by `label`. `width` is the whole width."""
    frame = _Frame.around(series, max(width - _MARGIN - 2, 10), height)
    canvas = [[Cell() for _ in range(frame.columns)] for _ in range(height)]
    for number, one in enumerate(series):
        _line(canvas, frame, one, number, ascii_only=ascii_only)
    markers = ASCII_MARKERS if ascii_only else MARKERS
    for number, one in enumerate(series):
        for x, y in zip(one.xs, one.ys, strict=True):
            row, column = frame.row(y) // 4, frame.column(x) // 2
            canvas[row][column] = Cell(markers[number % len(markers)], number)
    return _framed(canvas, frame, label, ascii_only=ascii_only)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What of the plane is shown, and where: dots are numbered from the top left, 4 a row and 2 a column."""

    low: float
    high: float
    top: float
    columns: int
    rows: int

    @classmethod
    def around(cls, series: Sequence[Series], columns: int, rows: int) -> _Frame:
        xs = [math.log10(x) for one in series for x in one.xs]
        low, high = min(xs), max(xs)
        pad = max((high - low) * 0.03, 0.05)
        top = max(y for one in series for y in one.ys)
        return cls(low - pad, high + pad, min(1.0, max(0.1, math.ceil(top * 10 - 1e-9) / 10)), columns, rows)

    def column(self, x: float) -> int:
        return round((math.log10(x) - self.low) / (self.high - self.low) * (2 * self.columns - 1))

    def row(self, y: float) -> int:
        return round((1 - min(y, self.top) / self.top) * (4 * self.rows - 1))


def _line(canvas: list[list[Cell]], frame: _Frame, one: Series, number: int, *, ascii_only: bool) -> None:
    dots = [(frame.column(x), frame.row(y)) for x, y in zip(one.xs, one.ys, strict=True)]
    for (x0, y0), (x1, y1) in pairwise(dots):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            x, y = round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps)
            cell = canvas[y // 4][x // 2]
            cell.dots |= _DOTS[y % 4][x % 2]
            cell.character = "." if ascii_only else chr(_BRAILLE + cell.dots)
            cell.series = number


def _framed(
    canvas: list[list[Cell]], frame: _Frame, label: Callable[[float], str], *, ascii_only: bool
) -> list[list[Cell]]:
    side, corner, flat, tick = ("|", "+", "-", "+") if ascii_only else ("│", "└", "─", "┴")
    marks = {frame.row(share) // 4: share for share in _shares(frame.top, frame.rows)}
    rows = [
        [*_cells(f"{marks[at]:>{_MARGIN - 1}.0%} " if at in marks else " " * _MARGIN), Cell(side), *row]
        for at, row in enumerate(canvas)
    ]
    labels, ticks = [" "] * frame.columns, [flat] * frame.columns
    for value in _ticks(10**frame.low, 10**frame.high):
        _place(labels, ticks, frame.column(value) // 2, label(value), tick)
    rows.append(_cells(" " * _MARGIN + corner + "".join(ticks)))
    rows.append(_cells(" " * (_MARGIN + 1) + "".join(labels).rstrip()))
    return rows


def _shares(top: float, rows: int) -> list[float]:
    """Where the y axis has ticks: round shares, four to six of them, or as few as there are rows."""
    least = 0.2 if top > 0.5 else 0.1 if top > 0.2 else 0.05
    fitting = [step for step in _SHARE_STEPS if step >= least and top / step + 1 <= rows + 1e-9]
    step = min(fitting, default=top)
    return [part * step for part in range(round(top / step + 0.499) + 1) if part * step <= top + 1e-9]


def _cells(text: str) -> list[Cell]:
    return [Cell(character) for character in text]


def _place(labels: list[str], ticks: list[str], column: int, text: str, tick: str) -> None:
    """Puts a label under its tick if there is room for it, with a space on both sides."""
    start = min(max(column - len(text) // 2, 0), len(labels) - len(text))
    around = labels[max(start - 1, 0) : start + len(text) + 1]
    if start < 0 or any(character != " " for character in around):
        return
    labels[start : start + len(text)] = text
    ticks[column] = tick


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten first, which then have room, and between them 2 and 5 if they are few."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    whole = [10.0**exponent for exponent in exponents if low <= 10.0**exponent <= high]
    if len(whole) > 3:
        return whole
    parts = [step * 10.0**exponent for exponent in exponents for step in _TICK_STEPS[1:]]
    return whole + [value for value in parts if low <= value <= high]
