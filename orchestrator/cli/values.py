"""Values typed on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InputError

if TYPE_CHECKING:
    from orchestrator.ledger.reading.outcomes.outcomes import Axis
    from orchestrator.report.charts.panels import Size

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?", re.IGNORECASE)


def axis_named(text: str) -> Axis:
    """The axis that --axis names. Raises InputError."""
    if text == "usd" or text == "tokens" or text == "seconds" or text == "flops" or text == "samples":
        return text
    raise InputError("--axis", f"there is no axis {text!r}", "use usd, flops, tokens, seconds or samples")


def seconds(text: str, *, where: str) -> float:
    """A duration such as `3h50m`, `90s`, `45` (seconds) or `1d`. Raises InputError."""
    match = _SPAN.fullmatch(text.strip().replace(" ", ""))
    parts = match.groups() if match else (None,) * 4
    if not any(parts):
        raise InputError(where, f"{text!r} isn't a duration", "write it like 3h50m, 45m or 90s")
    days, hours, minutes, rest = (float(p or 0) for p in parts)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    if total > 366 * 86400:
        raise InputError(where, f"{text!r} is more than a year", "use a shorter time")
    return total


def default_ledger(name: str) -> Path:
    """Where a sweep's ledger is kept unless --db says otherwise."""
    return Path("runs") / f"{name}.db"


def whole_numbers(text: str, *, where: str) -> list[int]:
    """Numbers from 1, such as 1,10,100, each once, in order. Raises InputError."""
    parts = text.replace(" ", "").split(",")
    if not all(re.fullmatch(r"0*[1-9]\d{0,8}", part) for part in parts):
        raise InputError(where, f"{text!r} aren't whole numbers from 1", "such as 1,10,100")
    return sorted({int(part) for part in parts})


_POINTS = {"in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "pt": 1.0}
_SIZE = re.compile(r"(\d*\.?\d+)\s*(in|cm|mm|pt)?\s*[x×]\s*(\d*\.?\d+)\s*(in|cm|mm|pt)?", re.IGNORECASE)


def figure_size(text: str) -> Size:
    """Width and height of a figure, such as 3.3x2.4in, 84x60mm or 8.4cm x 6cm; inches without a unit. Raises
    InputError."""
    from orchestrator.report.charts.panels import Size

    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InputError("--size", f"{text!r} isn't a size", "such as 3.3x2.4in or 84x60mm")
    width, of_width, height, of_height = match.groups()
    last = (of_height or of_width or "in").lower()
    first = (of_width or last).lower()
    size = Size(float(width) * _POINTS[first], float(height) * _POINTS[last])
    if not (72 <= size.width <= 3600 and 72 <= size.height <= 3600):
        raise InputError("--size", f"{text!r} isn't between 1 and 50 inches", "such as 3.3x2.4in")
    return size
