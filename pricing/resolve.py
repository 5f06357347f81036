"""Where a model's price comes from: stated, confirmed by name, a server's time, or the price book."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from pricing.book import (
    MAKERS,
    STATE_IT,
    Found,
    entries_of,
    entry_price,
    find,
    look_up,
    today,
    vendor_of,
    vendors,
)
from pricing.cache_writes import write_rates
from pricing.form import plain
from pricing.named import set_names, set_price
from pricing.regions import costs_more, is_makers, is_openai, is_this_machine, regional
from pricing.stated import free, is_free, stated_price
from pricing.tiers import at_asked, plain_geo, plain_tier, with_worst
from pricing.types import Price, Unpriceable

GPU_TIME = "gpu time"
TAPE = "tape"


class Stated(Protocol):
    """A price of the sweep file, in dollars per million tokens."""

    @property
    def input(self) -> Decimal: ...
    @property
    def output(self) -> Decimal: ...
    @property
    def cached_input(self) -> Decimal | None: ...
    @property
    def cache_write(self) -> Decimal | None: ...
    @property
    def cache_write_1h(self) -> Decimal | None: ...


def resolve(
    *,
    provider: str,
    model: str,
    stated: Stated | None = None,
    price_as: str | None = None,
    gpu_usd_per_hour: Decimal | None = None,
    gpus: int = 1,
    service_tier: str | None = None,
    inference_geo: str | None = None,
    price_tiers: Sequence[str] = (),
    batch: bool = False,
    base_url: str | None = None,
    on: datetime.date | None = None,
) -> Price:
    """The price of a model as the sweep file asks for it; the keys are the sweep file's. Raises Unpriceable (Inexact
    if a relative was found) with the line that mends it.

    A stated price is taken as it is, for the tier, geography and batch that the model asks for, and for `price_tiers`
    if a reply names them; any other of OpenAI's newer models costs more at its regional hosts. By server time,
    tokens cost nothing here and `ServerMeter` tells the cost: see by_server_time(). A tape without a price is free,
    since what it replays never counts.
    """
    ways = [way for way in (stated, price_as, gpu_usd_per_hour) if way is not None]
    if len(ways) > 1:
        raise Unpriceable(
            f'"{model}" has more than one price', "state one of price, price_as and gpu_usd_per_hour"
        )
    day = on or today()
    if gpu_usd_per_hour is not None:
        return free(GPU_TIME, f"{plain(gpu_usd_per_hour)} $/h x {gpus}")
    if stated is not None:
        price = _stated(stated, provider, model, service_tier, inference_geo, base_url, batch=batch, on=day)
        return replace(price, covers=tuple(plain_tier(provider, tier) or "" for tier in price_tiers))
    vendor = _vendor(provider, base_url)
    if price_as is not None:
        price = priced_as(price_as, vendor=vendor, on=day, batch=batch)
    elif provider == "replay":
        return free(TAPE, model)
    elif vendor is None:
        raise Unpriceable(f'no price for "{model}" of {provider}', _how(provider))
    else:
        price = look_up(provider=vendor, model=model, on=day, batch=batch)
        owner = {"openai": "OpenAI", "google": "Google"}.get(provider)
        if owner and base_url and not (is_makers(provider, base_url) or is_this_machine(base_url)):
            message = f"the price of \"{model}\" is {owner}'s, but base_url is not {owner}'s"
            raise Unpriceable(
                message,
                f'if it is the same there, confirm it with price_as = "{provider}/{price.name.rpartition("/")[2]}"',
            )
    if costs_more(base_url, model):
        price = regional(price)
    return at_asked(price, provider=provider, service_tier=service_tier, inference_geo=inference_geo, on=day)


def by_server_time(price: Price) -> bool:
    """Whether a price is that of a server's time, which `ServerMeter` measures."""
    return price.source == GPU_TIME


def priced_as(
    name: str, *, vendor: str | None = None, on: datetime.date | None = None, batch: bool = False
) -> Price:
    """The price under a name that a person confirmed: "set/model", the name of the vendor's own entry, or
    "vendor/entry". Raises Unpriceable for a name that the book doesn't have, or has more than once."""
    head, _, tail = name.partition("/")
    if tail and head in set_names():
        if batch:
            raise Unpriceable(
                f"{head} has no batch prices", "state price = { input = …, output = … } instead"
            )
        return set_price(head, tail)
    day = on or today()
    tries = [(vendor, name)] if vendor else []
    tries += [(head, tail)] if tail and head in vendors() else []
    for seller, entry in tries:
        found = find(seller, entry)
        if found is not None and found.exact:
            return entry_price(found, day, batch=batch)
    return _of_any_vendor(name, day, batch=batch)


def _of_any_vendor(name: str, on: datetime.date, *, batch: bool) -> Price:
    hits = [found for seller in vendors() for found in entries_of(seller) if found.entry.id == name]
    priced = [found for found in hits if _has_price(found, on, batch=batch)]
    if len(priced or hits) == 1:
        return entry_price((priced or hits)[0], on, batch=batch)
    if hits:
        some = ", ".join(f'"{hit.name}"' for hit in (priced or hits)[:6])
        raise Unpriceable(f'price_as = "{name}" is sold by several vendors', f"choose one: {some}")
    raise Unpriceable(f'price_as = "{name}" names nothing in the price book', "`prices NAME` shows names")


def _has_price(found: Found, on: datetime.date, *, batch: bool) -> bool:
    """Some sellers name a model without a price for it: they leave nothing to choose."""
    try:
        return not is_free(entry_price(found, on, batch=batch))
    except Unpriceable:
        return False


def _stated(
    stated: Stated,
    provider: str,
    model: str,
    service_tier: str | None,
    inference_geo: str | None,
    base_url: str | None,
    *,
    batch: bool,
    on: datetime.date,
) -> Price:
    price = stated_price(
        input=stated.input,
        output=stated.output,
        cached_input=stated.cached_input,
        cache_write=stated.cache_write,
        cache_write_1h=stated.cache_write_1h,
        unstated_writes=write_rates(provider, model, base_url),
        name=model,
        date=on.isoformat(),
    )
    price = replace(
        price,
        service_tier=plain_tier(provider, service_tier) or "",
        inference_geo=plain_geo(inference_geo) or "",
        batch=batch,
    )
    return with_worst(price, provider=provider, inference_geo=inference_geo, on=on)


def _vendor(provider: str, base_url: str | None) -> str | None:
    if provider in MAKERS:
        return provider
    if is_openai(provider, base_url):  # the book does not know its regional hosts
        return "openai"
    return vendor_of(base_url) if provider == "openai-compatible" and base_url else None


def _how(provider: str) -> str:
    return (
        "state gpu_usd_per_hour = … (0 for a free server), or " + STATE_IT if provider == "vllm" else STATE_IT
    )
