"""One entry of genai-prices -> bands of our rates. Fails closed: an unknown price key or a missing price raises.

Choices, and why:
- A price that varies within the day (DeepSeek's off-peak hours) is taken at its most expensive hour of the day: a
  request's end, which decides, is not known when it is reserved.
- No cached rate: a cached token costs as much as input. OpenAI's writes without a rate are plain input too.
- No cache-write rates at a Claude: 1.25 and 2 times input, as Anthropic states for all its models. A missing one-hour
  rate elsewhere: the more expensive of input and the shorter write.
- output_reasoning and output_citation: Price has one output rate, so the most expensive of them holds for all output.
- Keys for what we never ask for (searches, images, sound, pages) are left out by name, never because unknown.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pricing.bands import most_expensive_bands
from pricing.types import PICO_PER_USD, Band, Rates, Unpriceable

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

TEXT_KEYS = frozenset(
    (
        "input_mtok",
        "output_mtok",
        "cache_read_mtok",
        "cache_write_mtok",
        "cache_write_1h_mtok",
        "output_reasoning_mtok",
        "output_citation_mtok",
        "requests_kcount",
    )
)
OTHER_WORK = ("search", "image", "audio", "video", "document", "pages", "hours", "mchars", "text_messages")
"""Parts of the keys that bill work we never ask for: tools are refused in `extra`, prompts are plain text."""

CLAUDE_WRITE = Decimal("1.25")
CLAUDE_WRITE_1H = Decimal(2)


def entry_bands(
    entry: ModelInfo, on: datetime.date, context: Mapping[str, str] | None = None
) -> tuple[tuple[Band, ...], int]:
    """(bands, pico-dollars a request) of an entry on a day (UTC). `context` picks variants, such as
    {"service_tier": "flex"} or {"processing": "batch"}. Raises Unpriceable: no price for text, an unknown price key,
    or a variant that the entry does not have on that day."""
    if context and not _has_variant(entry, on, context):
        what = " ".join(context.values())
        raise Unpriceable(f"genai-prices has no {what} price of {entry.id} on {on}")
    claude = "claude" in entry.id.lower()
    prices = [entry.get_prices(moment, context) for moment in _moments(entry, on)]
    tables = [_bands(price, entry.id, claude=claude) for price in prices]
    return most_expensive_bands(tables), max(_per_request(price) for price in prices)


def price_since(entry: ModelInfo, on: datetime.date) -> datetime.date | None:
    """The day from which the price of `on` holds, if the entry says it."""
    from genai_prices.types import StartDateConstraint

    if not isinstance(entry.prices, list):
        return None
    starts = [
        price.constraint.start_date
        for price in entry.prices
        if isinstance(price.constraint, StartDateConstraint) and price.constraint.start_date <= on
    ]
    return max(starts, default=None)


def _moments(entry: ModelInfo, on: datetime.date) -> list[datetime.datetime]:
    """Moments of the day that between them see every price it has."""
    from genai_prices.types import TimeOfDateConstraint

    times = {datetime.time(0)}
    constraints = [price.constraint for price in entry.prices] if isinstance(entry.prices, list) else []
    constraints += [variant.constraint for variant in entry.price_variants or ()]
    for constraint in constraints:
        if isinstance(constraint, TimeOfDateConstraint):
            times |= {constraint.start_time.replace(tzinfo=None), constraint.end_time.replace(tzinfo=None)}
    return [datetime.datetime.combine(on, time, datetime.UTC) for time in sorted(times)]


def _has_variant(entry: ModelInfo, on: datetime.date, context: Mapping[str, str]) -> bool:
    """Whether a variant that prices something is active all day; genai-prices itself would fall back to the list
    price without a word."""
    return any(
        variant.when.items() <= context.items()
        and any(value is not None for value in variant.prices.__dict__.values())
        and all(variant.constraint is None or variant.constraint.active(now) for now in _moments(entry, on))
        for variant in entry.price_variants or ()
    )


def _bands(price: ModelPrice, name: str, *, claude: bool) -> tuple[Band, ...]:
    from genai_prices.types import TieredPrices

    values = {key: value for key, value in price.__dict__.items() if value is not None}
    unknown = sorted(key for key in values if key not in TEXT_KEYS and not any(w in key for w in OTHER_WORK))
    if unknown:
        raise Unpriceable(f"genai-prices bills {name} by {', '.join(unknown)}, which manyfew does not know")
    for key in ("input_mtok", "output_mtok"):
        if key not in values:
            raise Unpriceable(
                f"genai-prices has no {key} of {name}: it is not a text model, or its price is not known"
            )
    # a tier holds for prompts of more than `start` tokens
    starts = {0} | {
        tier.start + 1
        for key, value in values.items()
        if key in TEXT_KEYS and isinstance(value, TieredPrices)
        for tier in value.tiers
    }

    def rate_at(start: int) -> Callable[[str], Decimal | None]:
        def rate(key: str) -> Decimal | None:
            value: Any = values.get(key)
            if not isinstance(value, TieredPrices):
                return value
            return next((t.price for t in reversed(value.tiers) if start > t.start), value.base)

        return rate

    return tuple(
        Band(from_input_tokens=start, rates=_rates(rate_at(start), claude=claude)) for start in sorted(starts)
    )


def _rates(rate: Callable[[str], Decimal | None], *, claude: bool) -> Rates:
    base = rate("input_mtok") or Decimal(0)
    outputs = (rate("output_mtok"), rate("output_reasoning_mtok"), rate("output_citation_mtok"))
    cached, write, write_1h = rate("cache_read_mtok"), rate("cache_write_mtok"), rate("cache_write_1h_mtok")
    if write is None:
        write = base * CLAUDE_WRITE if claude else base
    if write_1h is None:
        write_1h = base * CLAUDE_WRITE_1H if claude else max(base, write)
    return Rates(
        input=base,
        output=max(value for value in outputs if value is not None),
        cached_input=base if cached is None else cached,
        cache_write=write,
        cache_write_1h=write_1h,
    )


def _per_request(price: ModelPrice) -> int:
    value: Any = price.__dict__.get("requests_kcount")
    if value is None:
        return 0
    if not isinstance(value, Decimal):
        raise Unpriceable("genai-prices bills its requests by prompt length, which manyfew does not know")
    return int((value * PICO_PER_USD / 1000).to_integral_value(rounding="ROUND_CEILING"))
