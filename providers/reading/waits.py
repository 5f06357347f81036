"""How long a vendor asks to wait, in the body of its refusal: Google's RetryInfo, fields, or words. Pure."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

from providers.reading.headers import bounded, duration_s, number, seconds_to_date, seconds_until
from providers.reading.late_pattern import LatePattern
from providers.reading.lenient_json import as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELDS = LatePattern(
    r"(?:retry|resets?)_?(?:after|delay|in)(?:_?(ms|millis\w*|s|secs?|seconds))?|estimated_time"
    r"|(?:wait|cooldown)(?:_?(?:seconds|time))?"
)
_TIMES = LatePattern(r"(?:resets?|retry|available)_?(?:at|time)")
_DEEPEST = 6
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "с": 1.0, "м": 60.0, "ч": 3600.0}
_UNIT = (
    r"(?:ms|milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|sekunden?|secondes?"
    r"|segundos?|minuten|minutos?|heures?|horas?|секунд\w*|минут\w*|час\w*|s|m|h|d)"
)
_AMOUNT = rf"\d+(?:\.\d+)? ?{_UNIT}(?![a-z])"
_SAID = LatePattern(
    rf"(?:try|retry|retrying|wait|available|resets?|reset|again|refresh\w*|back off|come back|hold off"
    rf"|next|pause|delay|slow down|cool\w*)\b[^.;]{{0,60}}?"
    rf"(?<!per )(?<!every )(?<!each )(?<![\d.])((?:{_AMOUNT})(?:(?:,| and)? ?{_AMOUNT})*)"
    rf"|(?:in|after|for) (?:about |around |approximately |another )?((?:{_AMOUNT})(?:(?:,| and)? ?{_AMOUNT})*)"
    rf"[^.;]{{0,30}}\b(?:try|retry|again|erneut)"
    rf"|\b(?:dans|en|em|tra|через) ((?:{_AMOUNT}))",
    re.IGNORECASE,
)
_EASTERN = LatePattern(
    r"(?:(?:等待|稍等|等) ?)(\d{1,9}(?:\.\d{1,9})?) ?(毫秒|秒|分|小时)"
    r"|(\d{1,9}(?:\.\d{1,9})?) ?(毫秒|秒|分钟|分鐘|分|小时|小時|時間|초|분|시간) ?(?:之|以)?(?:[后後]|후|뒤)"
)
_EASTERN_UNITS = {"毫": 0.001, "秒": 1.0, "초": 1.0, "分": 60.0, "분": 60.0}
"""By their first character; others are hours."""
_CLOCK = LatePattern(
    r"(?:retry|again|wait|available|resets?|reset|replenish\w*|refresh\w*)\b[^.;\d]{0,30}\b(?:in|after|for|:) ?"
    r"(\d{1,3}):(\d\d):(\d\d)\b",
    re.IGNORECASE,
)
"""Azure's gateway: "replenished in 01:33:12"."""
_UNTIL = LatePattern(
    r"(?:resets?|reset|retry|again|available|until|将在)[^.;\d]{0,40}"
    r"(?:(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d\d:?\d\d)?"
    r"|((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? [a-z]{3} \d{4} \d\d:\d\d:\d\d GMT))",
    re.IGNORECASE,
)
_CHINA = timezone(timedelta(hours=8))
_PARTS = LatePattern(rf"(\d+(?:\.\d+)?) ?({_UNIT})(?![a-z])", re.IGNORECASE)


def wait_in_message(message: str) -> float | None:
    """Seconds from "Please try again in 6m0s", "retry in 3.2s", "Please wait 4 seconds before your next request" …"""
    found = _SAID.search(message)
    if found is None:
        if (clock := _CLOCK.search(message)) is not None:
            hours, minutes, seconds = map(int, clock.groups())
            return bounded(3600.0 * hours + 60 * minutes + seconds)
        if (eastern := _EASTERN.search(message)) is not None:
            amount, unit = filter(None, eastern.groups())
            return bounded(float(amount) * _EASTERN_UNITS.get(unit[0], 3600.0))
        return None
    said = next(group for group in found.groups() if group)
    return bounded(sum(float(amount) * _unit(unit.lower()) for amount, unit in _PARTS.findall(said)))


def wait_until(message: str, now: float) -> float | None:
    """Seconds from `now` (Unix) to the time that a message names, as in "resets at 2026-05-15T15:00:00Z"; a time
    without a zone is UTC, in Chinese that of China."""
    found = _UNTIL.search(message)
    if found is None:
        return None
    if found.group(3):
        return seconds_to_date(found.group(3), now)
    try:
        at = datetime.fromisoformat(found.group(1) + (found.group(2) or "").replace("UTC", "Z"))
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=_CHINA if "将在" in found.group() else UTC)
    return bounded(max(0.0, at.timestamp() - now))


def wait_in_fields(body: object, now: float | None = None) -> float | None:
    """Seconds from the fields of an error: retryDelay "3.2s", retry_after 7, retry_after_ms, resets_at …; the
    longest. `now`: Unix seconds, against which times are read."""
    return max(_waits(body, time.time() if now is None else now, 0), default=None)


def _unit(name: str) -> float:
    if name.startswith(("ms", "milli")):
        return 0.001
    return _UNITS[name[0]]


def _waits(value: object, now: float, depth: int) -> Iterator[float]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in cast("list[Any]", value)[:20]:
            yield from _waits(one, now, depth + 1)
    elif isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower()
            field = _FIELDS.fullmatch(plain)
            seconds = None if field is None else _seconds(inner)
            if _TIMES.fullmatch(plain) and isinstance(inner, str | int | float):
                until = seconds_until(str(inner), now)
                yield from () if until is None else (bounded(until),)
            elif seconds is not None:
                in_ms = field is not None and (field.group(1) or "").startswith("m")
                yield bounded(seconds / 1000 if in_ms else seconds)
            else:
                yield from _waits(inner, now, depth + 1)


def _seconds(value: object) -> float | None:
    """Of a number, a duration as text, or protobuf's {seconds, nanos}."""
    if isinstance(value, str):
        return duration_s(value.strip())
    if fields := as_object(value):
        seconds = number(str(fields.get("seconds", 0)))
        nanos = number(str(fields.get("nanos", 0)))
        return None if seconds is None or nanos is None else seconds + nanos / 1e9
    return None if isinstance(value, bool) else number(str(value))
