"""The attempts at work in a live frame: a line each, as many as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from orchestrator.progress import AttemptProgress
from orchestrator.report.cells import Side, clip, fit
from orchestrator.report.live.glyphs import Glyphs, writable
from orchestrator.report.short_names import short_names
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

GAP = 2
_NAME, _PROBLEM = 12, 28
NARROW, _NARROW_PROBLEM = 60, 9
"""Below this width a problem's name is shorter, and the model's is left out."""
_SIDES: tuple[Side, ...] = ("left", "left", "right", "right", "left")
_NAMES = ("attempt of", "problem", "calls", "cost", "last command")


def attempt_lines(
    attempts: Sequence[AttemptProgress], width: int, room: int, glyphs: Glyphs, encoding: str
) -> list[Text]:
    """At most `room` lines; those that don't fit are counted in the last."""
    if not attempts or room < 2:
        return []
    shown = attempts if len(attempts) < room else attempts[: room - 2]
    first, most = (1, _NARROW_PROBLEM) if width < NARROW else (0, _PROBLEM)
    problems = short_names([writable(safe(one.problem), encoding) for one in shown], most, glyphs.ellipsis)
    cells = (_cells(one, name, glyphs, encoding) for one, name in zip(shown, problems, strict=True))
    rows = [row[first:] for row in (_NAMES, *cells)]
    widths = [max(cell_len(row[i]) for row in rows) for i in range(4 - first)]
    sides = _SIDES[first:]
    lines = [
        Text(_joined(row, widths, sides, width, glyphs), "" if n else "dim") for n, row in enumerate(rows)
    ]
    if more := len(attempts) - len(shown):
        lines.append(Text(f"+ {more:,} more at work", "dim"))
    return lines


def _cells(attempt: AttemptProgress, problem: str, glyphs: Glyphs, encoding: str) -> tuple[str, ...]:
    cap = "" if attempt.cap_pico is None else f" of {usd(attempt.cap_pico)}"
    return (
        clip(writable(safe(attempt.alias), encoding), _NAME, glyphs.ellipsis),
        f"{writable(problem, encoding)} #{attempt.sample_index}",
        f"{attempt.calls:,}",
        f"{usd(attempt.cost_pico)}{cap}",
        writable(safe(attempt.doing or ""), encoding),
    )


def _joined(
    row: Sequence[str], widths: Sequence[int], sides: Sequence[Side], width: int, glyphs: Glyphs
) -> str:
    cells = [
        fit(cell, wide, side, glyphs.ellipsis) for cell, wide, side in zip(row, widths, sides, strict=False)
    ]
    return clip((" " * GAP).join([*cells, row[-1]]).rstrip(), width, glyphs.ellipsis)
