"""The price book: genai-prices, read with care.

genai-prices matches names by prefix, so that a model it has never heard of gets a relative's price. Here a price is
found only by an entry's exact id or by the id's dated snapshot (gpt-4o-2024-08-06, claude-haiku-4-5-20251001,
claude-sonnet-5@20260101); anything else is shown with its remedy, for a person to confirm. The version bundled with
the package is used, so that one lock file gives one price; nothing is fetched.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from pricing.entry import entry_bands, price_since
from pricing.form import plain
from pricing.names import snapshot_of, undated
from pricing.types import Price, Rates, Unpriceable

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

GENAI = "genai-prices"
MAKERS = ("openai", "anthropic", "google")
"""Wires that are also vendors of the book, by the same name."""
STATE_IT = (
    "state its price, price = { input = …, output = … } in $ per million tokens (zeros for a free or local model), "
    'or price_as = "…" with a name that `prices` shows'
)

RECENT = datetime.timedelta(days=7)
"""genai-prices gives an undated price for any day, even one before the model existed. Such a price is taken to hold
now and in the last week, and no earlier."""


class Found(NamedTuple):
    """An entry, and whether the name asked for is its id or its id's dated snapshot."""

    provider: str
    entry: ModelInfo
    exact: bool

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.entry.id}"


class Inexact(Unpriceable):
    """The book has a relative's price only. `entry` is its name there and `price` its price, to be confirmed."""

    def __init__(self, model: str, entry: str, price: Price) -> None:
        rates = price.bands[0].rates
        super().__init__(
            f'{GENAI} has no "{model}", only "{entry}" (${plain(rates.input)} in, ${plain(rates.output)} out)',
            f'confirm it with price_as = "{entry}", or state price = {{ input = …, output = … }}',
        )
        self.entry = entry
        self.price = price


class Moving(Inexact):
    """A name such as gpt-5-chat-latest, which stands for another model, at another price, when its vendor says so."""

    def __init__(self, model: str, entry: str, price: Price) -> None:
        super().__init__(model, entry, price)
        message = f'"{model}" is an alias that its vendor can move to another model and price'
        remedy = f'name a dated model, or confirm the price with price_as = "{entry}"'
        Unpriceable.__init__(self, message, remedy)


def is_moving(model: str) -> bool:
    """Whether the name is an alias that moves."""
    return re.search(r"(^|[-:@/])latest$", model.lower()) is not None


def look_up(
    *,
    provider: str,
    model: str,
    on: datetime.date | None = None,
    service_tier: str | None = None,
    batch: bool = False,
) -> Price:
    """The price of a vendor's model. `provider` is the vendor's id in genai-prices (openai, anthropic, deepseek …);
    `on` defaults to today (UTC); `service_tier` is a tier with a price of its own (flex, priority, fast), None the
    list price. Raises Inexact for a name that only resembles an entry, Unpriceable if there is no price."""
    day = on or today()
    found = find(provider, model)
    if found is None:
        entries = _entries(provider)
        near = get_close_matches(model.lower(), entries, n=1, cutoff=0.75)
        meant = f'did you mean "{entries[near[0]].id}"? Else ' if near else ""
        what = f'no price for "{model}" of {provider} in {GENAI} {book_version()}'
        raise Unpriceable(what, meant + STATE_IT)
    if not found.exact:
        raise Inexact(model, found.entry.id, entry_price(found, day))
    if is_moving(model):
        raise Moving(model, found.entry.id, entry_price(found, day))
    dated = snapshot_of(model)
    if dated is not None and dated[1] > day:
        raise Unpriceable(f'"{model}" did not exist on {day}, so it had no price', STATE_IT)
    if day < today() - RECENT and price_since(found.entry, day) is None:
        raise Unpriceable(f"{GENAI} does not say what {found.name} cost on {day}", STATE_IT)
    return entry_price(found, day, service_tier=service_tier, batch=batch)


def entry_price(
    found: Found, on: datetime.date, *, service_tier: str | None = None, batch: bool = False
) -> Price:
    """The price of an entry. Raises Unpriceable for a tier or a batch price that it does not have."""
    context = _context(found.provider, service_tier, batch=batch)
    try:
        if batch and found.provider == "google":
            bands, per_request_pico = entry_bands(found.entry, on)
            bands = tuple(replace(band, rates=_half(band.rates)) for band in bands)
        else:
            bands, per_request_pico = entry_bands(found.entry, on, context)
    except Unpriceable as error:
        raise Unpriceable(error.message, error.remedy or STATE_IT) from error
    return Price(
        bands=bands,
        source=GENAI,
        name=found.name,
        version=book_version(),
        date=(price_since(found.entry, on) or on).isoformat(),
        per_request_pico=per_request_pico,
        service_tier=service_tier or "",
        batch=batch,
    )


def _half(rates: Rates) -> Rates:
    """What Google asks in a batch, which the book doesn't list: half, but for cached input."""
    half = rates.input / 2
    return Rates(
        input=half,
        output=rates.output / 2,
        cached_input=min(rates.cached_input, half),
        cache_write=rates.cache_write / 2,
        cache_write_1h=rates.cache_write_1h / 2,
    )


def find(provider: str, model: str) -> Found | None:
    """The entry for a name: by exact id, else by its dated snapshot, else what genai-prices' own matching finds."""
    entries = _entries(provider)
    name = model.lower()
    by_id = entries.get(name)
    if by_id is not None:
        return Found(provider, by_id, exact=True)
    vendor = _providers().get(provider)
    matched = vendor.find_model(model) if vendor is not None else None
    if matched is not None:
        return Found(provider, matched, exact=_is_snapshot(name, matched))
    dated = snapshot_of(name)
    base = entries.get(dated[0]) if dated else None
    # a snapshot that the vendor's list does not have: another price is likely (gpt-4o-2024-05-13 cost twice gpt-4o)
    return Found(provider, base, exact=False) if base is not None else None


def vendors() -> tuple[str, ...]:
    """The ids of genai-prices' providers."""
    return tuple(_providers())


def vendor_of(base_url: str) -> str | None:
    """The vendor whose API is at a base URL, if genai-prices knows it."""
    for name, provider in _providers().items():
        if re.match(provider.api_pattern, base_url):
            return name
    return None


def entries_of(provider: str) -> Iterator[Found]:
    """All entries of a vendor."""
    for entry in _entries(provider).values():
        yield Found(provider, entry, exact=True)


@cache
def book_version() -> str:
    from importlib.metadata import version

    return version("genai-prices")


def today() -> datetime.date:
    """The day in UTC, in which genai-prices dates its prices."""
    return datetime.datetime.now(datetime.UTC).date()


def _is_snapshot(name: str, entry: ModelInfo) -> bool:
    dated = snapshot_of(name)
    base = undated(entry.id.lower())
    if dated is not None:
        return undated(dated[0]) == base
    # the same model without a date, or OpenAI's short dates (gpt-4-0613), which only its own list can vouch for
    short = re.fullmatch(re.escape(base) + r"-\d{4}", name) is not None and _lists(entry.match, name)
    return undated(name) == base or short


def _lists(match: object, name: str) -> bool:
    """Whether an entry's matching names this very name."""
    from genai_prices.types import ClauseEquals, ClauseOr

    if isinstance(match, ClauseOr):
        return any(_lists(clause, name) for clause in match.or_)
    return isinstance(match, ClauseEquals) and match.is_match(name)


def _context(provider: str, service_tier: str | None, *, batch: bool) -> Mapping[str, str] | None:
    if batch and service_tier:
        raise Unpriceable(f"the batch API has no {service_tier} tier", "drop batch or service_tier")
    if batch:
        return {"processing": "batch"}
    if not service_tier:
        return None
    # Anthropic's fast mode is named by `speed`, not by a tier
    return {"speed" if provider == "anthropic" and service_tier == "fast" else "service_tier": service_tier}


@cache
def _providers() -> Mapping[str, Provider]:
    from genai_prices.data_snapshot import get_snapshot

    return {provider.id: provider for provider in get_snapshot().providers}


@cache
def _entries(provider: str) -> Mapping[str, ModelInfo]:
    vendor = _providers().get(provider)
    return {} if vendor is None else {entry.id.lower(): entry for entry in vendor.models}
