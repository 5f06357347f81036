"""Texts in the cells of a terminal: a CJK character or an emoji takes two."""

from __future__ import annotations

from typing import Literal

from rich.cells import cell_len, set_cell_size

Side = Literal["left", "right"]


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """At most `width` cells, the last of them `ellipsis` where something was cut."""
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
