"""What a vendor's headers say about limits, waits and the request's id. Headers come in any case."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT_S = 86_400.0
"""A vendor that asks for more than a day is taken to ask for a day."""

_PREFIXES = (
    "x-ratelimit",
    "anthropic-ratelimit-",
    "retry-after",
    "x-retry-after",
    "x-ms-retry-after",
    "ratelimit",
)
_REQUEST_IDS = ("x-request-id", "request-id")
_WAITS_MS = ("retry-after-ms", "x-ms-retry-after-ms", "x-retry-after-ms")
_WAITS = ("retry-after", "x-retry-after", "x-ratelimit-retry-after", "x-ratelimit-timeremaining")
_FAULT = "x-amzn-errortype"
_UNITS = {"ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(
    r"(\d+(?:\.\d+)?) ?(ms|us|µs|ns|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|s|m|h|d)(?![a-z])"
)
_STRUCTURED = re.compile(r"\b(limit|remaining|reset|r|t) ?= ?(\d{1,12})")
"""RateLimit of the IETF's drafts: limit=100, remaining=0, reset=12, or "api";r=0;t=12."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""Bytes that are no UTF-8 come as surrogates, which no database takes and no terminal."""


def rate_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The rate-limit headers, names in lower case, values cut to 200 characters."""
    if not _any_begins(tuple(headers), _PREFIXES):
        return {}
    return {
        lower: _CONTROL.sub(" ", value)[:200]
        for name, value in headers.items()
        if (lower := name.lower()).startswith(_PREFIXES)
    }


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The vendor's id of the request: x-request-id (OpenAI, vLLM) or request-id (Anthropic)."""
    if not _any_begins(tuple(headers), _REQUEST_IDS):
        return None
    found = {lower: value for name, value in headers.items() if (lower := name.lower()) in _REQUEST_IDS}
    value = found.get("x-request-id") or found.get("request-id")
    return _CONTROL.sub("", value)[:200] or None if value else None


@lru_cache(maxsize=16)  # a server's replies have the same headers, and most say none of this
def _any_begins(names: tuple[str, ...], prefixes: tuple[str, ...]) -> bool:
    return any(name.lower().startswith(prefixes) for name in names)


def retry_after_s(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds the vendor asks to wait, None if it says nothing sensible: retry-after-ms, then Retry-After
    (seconds or an HTTP date), then the resets of the limits that are used up. Dates are read against the reply's own
    Date, since the vendor's clock and ours may differ; without one, against `now`, in Unix seconds."""
    lower, its_now = _read(headers, now)
    asked = _asked_s(lower, its_now)
    return _reset_s(lower, its_now) if asked is None else asked


def asked_wait_s(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """The same without the resets, which say when a limit is full again."""
    return _asked_s(*_read(headers, now))


def _read(headers: Mapping[str, str], now: float | None) -> tuple[dict[str, str], float]:
    """(headers by lower-case name, the vendor's own time)."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    its_now = _http_date(lower.get("date", ""))
    if its_now is None:
        its_now = time.time() if now is None else now
    return lower, its_now


def vendors_now(headers: Mapping[str, str]) -> float:
    """The vendor's own time, Unix seconds."""
    return _read(headers, None)[1]


def fault_of(headers: Mapping[str, str]) -> str:
    """What AWS calls an error; it stands in no body. "" elsewhere."""
    name = next((value for name, value in headers.items() if name.lower() == _FAULT), "")
    return name.partition(":")[0].strip()[:200]


def _asked_s(lower: Mapping[str, str], its_now: float) -> float | None:
    for name in _WAITS_MS:
        if (wait := number(lower.get(name))) is not None:
            return bounded(wait / 1000)
    for name in _WAITS:
        if (value := lower.get(name)) is None:
            continue
        wait = duration_s(value)
        if wait is None:
            wait = seconds_to_date(value, its_now)
        if wait is not None:
            return bounded(wait)
    return None


def seconds_to_date(text: str, now: float) -> float | None:
    """Seconds until an HTTP date, at most a day."""
    at = _http_date(text)
    return None if at is None else bounded(max(0.0, at - now))


def duration_s(text: str) -> float | None:
    """Seconds of a Go duration such as "6m0s", "171ms" or "1h2m3.5s", of "30 seconds", or of a bare number."""
    if (plain := number(text)) is not None:
        return plain
    if text.startswith("PT"):  # ISO 8601
        text = text[2:].lower()
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip(" ,"):
        return None
    return sum(float(number) * _UNITS[unit if unit in _UNITS else unit[0]] for number, unit in parts)


def _reset_s(lower: dict[str, str], now: float) -> float | None:
    """The longest reset among the limits with nothing remaining; if all have some left (but too little), the
    shortest: a reset says when a bucket is full, not when it holds enough."""
    used_up: list[float] = []
    others: list[float] = []
    stated = dict(_STRUCTURED.findall(lower.get("ratelimit", "")))
    if (wait := number(stated.get("reset") or stated.get("t"))) is not None:
        (used_up if number(stated.get("remaining") or stated.get("r")) == 0 else others).append(wait)
    for name, value in lower.items():
        if not name.startswith(_PREFIXES) or "reset" not in name:
            continue
        wait = seconds_until(value, now)
        if wait is not None:
            remaining = number(lower.get(name.replace("reset", "remaining")))
            (used_up if remaining == 0 else others).append(wait)
    if used_up:
        return bounded(max(used_up))
    return bounded(min(others)) if others else None


def seconds_until(value: str, now: float) -> float | None:
    """Seconds, at most a day, until a reset given as a duration, as seconds, as Unix (milli)seconds or as an RFC 3339
    time."""
    wait = duration_s(value)
    if wait is None:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return bounded(max(0.0, at.timestamp() - now))
    if wait > 1e11:
        wait /= 1000
    return bounded(max(0.0, wait - now) if wait > 1e9 else wait)


def exact_s(reset: str) -> float:
    """How exactly such a reset is given. Bare numbers and times in whole seconds may have been rounded up or down; a
    duration such as "1s" isn't."""
    whole = re.fullmatch(r"\d{1,11}", reset) or (duration_s(reset) is None and "." not in reset)
    return 1.0 if whole else 0.001


def number(text: str | None) -> float | None:
    """A finite number from 0 on, else None."""
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _http_date(text: str) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def bounded(wait: float) -> float:
    """At most a day."""
    return min(wait, LONGEST_WAIT_S)
