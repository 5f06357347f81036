"""The attempts at work in a live frame: a line each, as many as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from orchestrator.progress import AttemptProgress
from orchestrator.report.cells import Side, clip, fit
from orchestrator.report.live.glyphs import Glyphs, writable
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

GAP = 2
_NAME, _PROBLEM = 12, 28
_SIDES: tuple[Side, ...] = ("left", "left", "right", "right", "left")
_NAMES = ("attempt of", "problem", "calls", "cost", "last command")


def attempt_lines(
    attempts: Sequence[AttemptProgress], width: int, room: int, glyphs: Glyphs, encoding: str
) -> list[Text]:
    """At most `room` lines; those that don't fit are counted in the last."""
    if not attempts or room < 2:
        return []
    shown = attempts if len(attempts) < room else attempts[: room - 2]
    rows = [_NAMES, *(_cells(attempt, glyphs, encoding) for attempt in shown)]
    widths = [max(cell_len(row[i]) for row in rows) for i in range(4)]
    lines = [Text(_joined(row, widths, width, glyphs), "" if n else "dim") for n, row in enumerate(rows)]
    if more := len(attempts) - len(shown):
        lines.append(Text(f"+ {more:,} more at work", "dim"))
    return lines


def _cells(attempt: AttemptProgress, glyphs: Glyphs, encoding: str) -> tuple[str, ...]:
    def shown(text: str, most: int) -> str:
        return clip(writable(safe(text), encoding), most, glyphs.ellipsis)

    cap = "" if attempt.cap_pico is None else f" of {usd(attempt.cap_pico)}"
    return (
        shown(attempt.alias, _NAME),
        f"{shown(attempt.problem, _PROBLEM)} #{attempt.sample_index}",
        f"{attempt.calls:,}",
        f"{usd(attempt.cost_pico)}{cap}",
        writable(safe(attempt.doing or ""), encoding),
    )


def _joined(row: Sequence[str], widths: Sequence[int], width: int, glyphs: Glyphs) -> str:
    cells = [fit(row[i], widths[i], _SIDES[i], glyphs.ellipsis) for i in range(4)]
    return clip((" " * GAP).join([*cells, row[4]]).rstrip(), width, glyphs.ellipsis)
