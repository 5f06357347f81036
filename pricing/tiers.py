"""What a reply costs at the service tier and geography that it names, or that it can't be priced.

Choices, and why:
- "default", "standard", "standard_only" and Groq's "on_demand" are names of the list price.
- A reply that names no tier (None), or "auto", which says who chose and not what was chosen, costs what was asked
  for; if "auto" itself was asked for, the most expensive it can be.
- OpenAI's "fast" and "priority" are one tier (its replies name it "priority" either way). "scale" and Anthropic's
  "priority" are paid for in advance by contract, so they have no price a token: Unpriceable, unless stated.
- A stated price, and one of a named set, holds for what the sweep file asks for (a stated one also for the tiers of
  `price_tiers`) and for nothing else: half of it for a reply that says "flex" would be a guess.
- Anthropic's `speed` is a tier too: "fast" is never asked for.
- Geography is Anthropic's: "us" costs 1.1 times every rate from Claude 4.6 on; older models refuse the field and
  report "not_available". "global" is the list price. Unset, it is the workspace's to choose, so the worst case of
  such a model includes the 1.1; likewise the worst case of "flex" is the list price (the reply may name another tier
  than was asked for) and of "auto" the priority price.
- Our own servers (vllm) and tapes (replay) have neither.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from pricing.bands import most_expensive_bands, times
from pricing.book import GENAI, entry_price, find, today
from pricing.names import claude_version
from pricing.regions import regional
from pricing.types import Band, Price, Unpriceable

LIST_TIERS = frozenset(("default", "standard", "standard_only", "on_demand"))
TIERLESS = frozenset(("vllm", "replay"))
US_FACTOR = Decimal("1.1")
US_FROM = (4, 6)
"""The first Claude whose price depends on where it runs."""


def tier_price(
    price: Price,
    *,
    provider: str,
    service_tier: str | None,
    inference_geo: str | None,
    speed: str | None = None,
    batch: bool = False,
    on: datetime.date | None = None,
) -> Price:
    """The price of one reply: `price` as resolved for the model, moved to the tier and geography that the reply
    names (None: it names none). `provider` is the sweep file's. Raises Unpriceable: such a reply stays presumed."""
    if provider in TIERLESS:
        return price
    tier, geo = plain_tier(provider, service_tier), plain_geo(inference_geo)
    if quick := plain_tier(provider, speed):
        tier = quick if not tier else f"{quick} {tier}"
    if tier in price.covers:
        tier = None
    if tier == "batch" and provider in ("anthropic", "openai", "google"):
        tier, batch = "", True
    if tier is None or tier == "auto":
        tier = price.service_tier
    if geo is None:
        geo = price.inference_geo
    if (tier, geo, batch) == (price.service_tier, price.inference_geo, price.batch):
        return _as_asked(price)
    return _moved(price, provider, tier, geo, batch, on or today())


def at_asked(
    price: Price, *, provider: str, service_tier: str | None, inference_geo: str | None, on: datetime.date
) -> Price:
    """A list price (of the book or a set) moved to the tier and geography that a sweep file asks for, with the
    worst case of what it leaves open. Raises Unpriceable."""
    tier, geo = plain_tier(provider, service_tier) or "", plain_geo(inference_geo) or ""
    if tier == "auto":
        moved = replace(price, service_tier="auto")
    elif (tier, geo) == ("", ""):
        moved = price
    else:
        moved = _moved(price, provider, tier, "", price.batch, on)
    if geo:
        moved = _in_geo(moved, provider, geo)
    return with_worst(moved, provider=provider, inference_geo=inference_geo, on=on)


def with_worst(price: Price, *, provider: str, inference_geo: str | None, on: datetime.date) -> Price:
    """The price with worst_bands: the most expensive that a reply can make of it."""
    tables: list[Sequence[Band]] = [price.bands]
    if price.source == GENAI and price.service_tier == "flex":
        tables.append(_listed(price, "", price.batch, on).bands)
    if price.source == GENAI and price.service_tier == "auto" and provider != "anthropic":
        with suppress(Unpriceable):  # the model has no such tier, so the vendor can't choose it
            tables.append(_listed(price, "priority", price.batch, on).bands)
    if plain_geo(inference_geo) is None and provider == "anthropic" and _has_us_price(price):
        tables.append(times(most_expensive_bands(tables), US_FACTOR))
    return replace(price, worst_bands=most_expensive_bands(tables)) if len(tables) > 1 else price


def plain_tier(provider: str, service_tier: str | None) -> str | None:
    """ "" for the list price, one word for OpenAI's two names of one tier; None if none is named."""
    if not service_tier:
        return None
    tier = service_tier.strip().lower()
    if tier in LIST_TIERS:
        return ""
    return "priority" if tier == "fast" and provider != "anthropic" else tier


def plain_geo(inference_geo: str | None) -> str | None:
    """ "" for the list price; None if none is named."""
    geo = (inference_geo or "").strip().lower()
    if not geo or geo == "not_available":
        return None
    return "" if geo == "global" else geo


def _as_asked(price: Price) -> Price:
    if price.service_tier == "auto" and price.worst_bands:
        return replace(price, bands=price.worst_bands)
    return price


@lru_cache(maxsize=256)
def _moved(price: Price, provider: str, tier: str, geo: str, batch: bool, on: datetime.date) -> Price:
    if price.source == GENAI:
        try:
            moved = _listed(price, tier, batch, on)
        except Unpriceable as error:
            raise Unpriceable(error.message, _remedy(tier)) from error
    else:
        if tier == "" and price.service_tier == "auto":
            tier = "auto"
        if (tier, batch) != (price.service_tier, price.batch):
            message = f"{price.source} has no price of {_words(tier, batch)} for {price.name}"
            raise Unpriceable(message, _remedy(tier))
        moved = replace(price, worst_bands=())
    if geo == moved.inference_geo:
        return moved
    return _in_geo(moved, provider, geo)


def _listed(price: Price, tier: str, batch: bool, on: datetime.date) -> Price:
    """The book's price of the same entry at another tier."""
    vendor, _, name = price.name.partition("/")
    found = find(vendor, name)
    if found is None:
        raise Unpriceable(f"{GENAI} no longer has {price.name}")
    listed = entry_price(found, on, service_tier=tier or None, batch=batch)
    return regional(listed) if price.region else listed


def _in_geo(price: Price, provider: str, geo: str) -> Price:
    if price.inference_geo or provider != "anthropic" or geo != "us" or not _has_us_price(price):
        where = geo or "the vendor's own choice of place"
        raise Unpriceable(f"no price of {price.name} at inference_geo {where}")
    return replace(price, bands=times(price.bands, US_FACTOR), inference_geo="us", worst_bands=())


def _has_us_price(price: Price) -> bool:
    version = claude_version(price.name)
    return version is not None and version >= US_FROM


def _remedy(tier: str) -> str:
    return f'price_tiers = ["{tier or "default"}"] says that a stated price covers it'


def _words(tier: str, batch: bool) -> str:
    return " ".join(word for word in (tier or "the default tier", "batch" if batch else "") if word)
