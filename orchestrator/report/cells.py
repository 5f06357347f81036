"""Texts in the cells of a terminal: a CJK character or an emoji takes two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.cells import cell_len, set_cell_size

Side = Literal["left", "right"]


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """At most `width` cells, the last of them `ellipsis` if something was cut."""
    if cell_len(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[: max(0, width)]
    return set_cell_size(text, width - len(ellipsis)).rstrip() + ellipsis


def fit(text: str, width: int, side: Side = "left", ellipsis: str = "…") -> str:
    """Exactly `width` cells."""
    shown = clip(text, width, ellipsis)
    blank = " " * (width - cell_len(shown))
    return shown + blank if side == "left" else blank + shown


def wrap(text: str, width: int, most: int, ellipsis: str = "…") -> list[str]:
    """Lines of at most `width` cells, broken at spaces, at most `most` of them."""
    lines: list[str] = []
    rest = text.strip()
    while len(lines) < most - 1 and cell_len(rest) > width:
        taken = set_cell_size(rest, width).rstrip()
        if rest[len(taken) :][:1] != " " and " " in taken:
            taken = taken[: taken.rindex(" ")]
        lines.append(taken.rstrip())
        rest = rest[len(taken) :].lstrip()
    return [*lines, clip(rest, width, ellipsis)] if rest else lines


def split(amounts: Sequence[int], width: int) -> list[int]:
    """`width` cells shared in proportion, at least one for each amount above 0 if there are as many; if all
    are 0 the last has them."""
    total = sum(amounts)
    if total <= 0:
        return [0] * (len(amounts) - 1) + [width]
    cells = [max(amount * width // total, 1 if amount > 0 else 0) for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda i: -(amounts[i] * width % total))
    for i in by_remainder[: max(0, width - sum(cells))]:
        cells[i] += 1
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return cells
