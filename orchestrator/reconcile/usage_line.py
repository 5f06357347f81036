"""One row of a usage export, read: when, which model, which request, how many tokens, how many dollars.

The same thing has many names, in any case (start_time, startTime, Start Time); each list below begins with the first
vendor's. Anthropic counts input without what was
read from or written to a cache, OpenAI with it. Anthropic's cost report is in cents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, cast

from pricing.types import PICO_PER_USD, Tokens

DAY_S = 86400.0
_REQUEST = ("request_id", "generation_id", "call_id", "response_id", "id")
_MODEL = ("model", "model_version", "model_permaslug", "model_name", "snapshot_id")
_START = (
    *("start_time", "starting_at", "startTime", "start_time_iso", "usage_date_utc"),
    *("date", "created_at", "timestamp"),
)
_END = ("end_time", "ending_at", "endTime", "end_time_iso")
_USD = ("cost_usd", "amount_value", "spend", "cost_total", "total_cost", "cost", "usage")
_DOLLARS = frozenset(("usd", "us$", "$", "us dollar", "us dollars"))
_REQUESTS = ("num_model_requests", "requests", "request_count")
_INPUT = ("input_tokens", "prompt_tokens", "tokens_prompt", "promptTokens")
_UNCACHED = ("uncached_input_tokens", "usage_input_tokens_no_cache")
_CACHED = ("input_cached_tokens", "cached_tokens", "tokens_cached")
_READ = ("cache_read_input_tokens", "usage_input_tokens_cache_read")
_WRITE_5M = ("ephemeral_5m_input_tokens", "usage_input_tokens_cache_write_5m")
_WRITE_1H = ("ephemeral_1h_input_tokens", "usage_input_tokens_cache_write_1h")
_OUTPUT = (
    "output_tokens",
    "completion_tokens",
    "tokens_completion",
    "usage_output_tokens",
    "completionTokens",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`end` None: a moment, or a row that doesn't say how long it holds. `slack_pico`: by how much its dollars may be
    rounded. `batch`: the vendor's batch API, which is never this ledger's unless it says so."""

    start: float | None
    end: float | None
    model: str | None
    request: str | None
    requests: int | None
    tokens: Tokens | None
    pico: int | None
    slack_pico: int = 0
    batch: bool = False


def read_line(row: dict[str, Any]) -> Line:
    """Raises ValueError, in a few words, for what can't be right."""
    row = _plain(row)
    start, end = _span(row)
    amount, slack = _amount(row)
    model = _text(row, _MODEL)
    if model is None and (item := _text(row, ("line_item",))) is not None:
        model = item.rpartition(", ")[0] or item  # "gpt-4o-2024-08-06, input"
    requests = _count(row, _REQUESTS)
    return Line(
        start=start,
        end=end,
        model=model,
        request=None if requests is not None else _text(row, _REQUEST),
        requests=requests,
        tokens=_tokens(row),
        pico=amount,
        slack_pico=slack,
        batch=str(row.get("batch")).lower() == "true"
        or "batch" in (_text(row, ("service_tier",)), _text(row, ("usage_type",))),
    )


def span(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """(start, end) in Unix seconds; a date alone is its day in UTC."""
    return _span(_plain(row))


def _span(row: dict[str, Any]) -> tuple[float | None, float | None]:
    start, whole_day = when(_first(row, _START))
    end, _ = when(_first(row, _END))
    if start is not None and end is None and whole_day:
        end = start + DAY_S
    if start is not None and end is not None and end < start:
        raise ValueError("ends before it begins")
    return start, end


def when(value: Any) -> tuple[float | None, bool]:
    """(Unix seconds, whether it is a date alone) of a number, or of a text as RFC 3339 or SQL write it, in UTC."""
    if value is None or value == "":
        return None, False
    number = _number(value)
    if number is not None:
        at = float(number) / (1000 if number > 10**11 else 1)
        if not 0 <= at < 10**11:
            raise ValueError(f"{str(value)[:40]!r} isn't a time")
        return at, False
    text = str(value).strip()
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp(), True
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        raise ValueError(f"{text[:40]!r} isn't a time") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp(), False


def _amount(row: dict[str, Any]) -> tuple[int | None, int]:
    """(pico-dollars, half of the last digit written), None if the row names no dollars."""
    amount, currency, unit = row.get("amount"), _currency(row), PICO_PER_USD
    if isinstance(amount, dict):
        inner = _plain(cast("dict[str, Any]", amount))
        amount, currency = inner.get("value"), _currency(inner) or currency
    elif amount is not None and currency is not None and _first(row, ("starting_at",)) is not None:
        unit = PICO_PER_USD // 100
    else:
        amount = _first(row, _USD)
    number = _number(amount)
    if number is None:
        return None, 0
    if currency is not None and currency.lower() not in _DOLLARS:
        raise ValueError(f"is in {currency[:12]}, not in US dollars")
    if number < 0:
        raise ValueError("has a negative amount")
    places = number.as_tuple().exponent
    slack = Decimal(1).scaleb(places if isinstance(places, int) else 0) / 2 * unit
    return int((number * unit).to_integral_value()), int(slack)


def _tokens(row: dict[str, Any]) -> Tokens | None:
    output = _count(row, _OUTPUT)
    if output is None:
        return None
    creation = _first(row, ("cache_creation",))
    writes = _plain(cast("dict[str, Any]", creation)) if isinstance(creation, dict) else row
    read, hour = _count(row, _READ) or 0, _count(writes, _WRITE_1H) or 0
    written = (_count(writes, _WRITE_5M) or 0) + hour
    uncached, whole = _count(row, _UNCACHED), _count(row, _INPUT)
    if uncached is None and whole is None:
        return None
    if uncached is None and (read or written):
        uncached = whole  # Anthropic's usage, whose input_tokens leave out the cache
    if uncached is not None:
        return Tokens(
            input=uncached + read + written,
            output=output,
            cached=read,
            cache_write=written,
            cache_write_1h=hour,
        )
    return Tokens(input=whole or 0, output=output, cached=_count(row, _CACHED) or 0)


def _currency(row: dict[str, Any]) -> str | None:
    """What a column of any such name says: `currency`, `Cost Currency`, `billing_currency_code`."""
    for name, value in row.items():
        if "currency" in name and isinstance(value, str) and value.strip() and _number(value) is None:
            return value.strip()
    return None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Its columns by their letters and digits alone; of two that are the same then, the first that says something."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if found.get(_letters(name)) in (None, ""):
            found[_letters(name)] = value
    return found


@lru_cache(4096)
def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _first(row: dict[str, Any], names: Sequence[str]) -> Any:
    """Of a row that is plain."""
    return next((row[name] for name in map(_letters, names) if row.get(name) not in (None, "")), None)


def _text(row: dict[str, Any], names: Sequence[str]) -> str | None:
    value = _first(row, names)
    return str(value) if isinstance(value, str | int) else None


def _count(row: dict[str, Any], names: Sequence[str]) -> int | None:
    value = _first(row, names)
    number = _number(value)
    if number is None:
        return None
    if number < 0 or number != number.to_integral_value() or number > 10**15:
        raise ValueError(f"{str(value)[:40]!r} isn't a count")
    return int(number)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 30 else None
