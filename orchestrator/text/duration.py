"""Lengths and moments of time as people read them."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def span(seconds: float) -> str:
    """0.4 s, 4 s, 3 min 20 s, 2 h 5 min, 3 d 4 h: at most two units. What is no length of time is "?"."""
    if not math.isfinite(seconds) or seconds < 0:
        return "?"
    if 0 < round(seconds, 1) < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", "s")
    if round(whole / _MINUTE) < _DAY // _MINUTE:
        return _two(round(whole / _MINUTE), _HOUR // _MINUTE, "h", "min")
    return _two(round(whole / _HOUR), _DAY // _HOUR, "d", "h")


def about(seconds: float) -> str:
    """An estimate, in steps that do not flicker: 5 s up to a minute, 10 s up to ten minutes, whole minutes above.
    Rounded up, so that it reaches 0 s only at the end."""
    if not math.isfinite(seconds) or seconds < 0:
        return "?"
    step = 5 if seconds <= _MINUTE else 10 if seconds <= 10 * _MINUTE else _MINUTE
    return span(math.ceil(seconds / step) * step)


def _two(value: int, per_unit: int, unit: str, rest_unit: str) -> str:
    units, rest = divmod(value, per_unit)
    return f"{units} {unit} {rest} {rest_unit}" if rest else f"{units} {unit}"


def clock(at: float, now: float) -> str:
    """A moment to come as the reader's clock shows it: 14:32, or Tue 14:32 on another day. Unix seconds."""
    then, today = time.localtime(at), time.localtime(now)
    is_today = then[:3] == today[:3]
    return time.strftime("%H:%M" if is_today else "%a %H:%M", then)


def moment(at: float) -> str:
    """Unix seconds as people and vendors write them, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
