"""Prices that a person stated, and the price of what is free."""

from __future__ import annotations

from decimal import Decimal

from pricing.cache_writes import WriteRates
from pricing.types import Band, Price, Rates, Unpriceable

SWEEP_FILE = "sweep file"
FREE = "free"


def stated_price(
    *,
    input: Decimal,  # noqa: A002 - the key of the sweep file
    output: Decimal,
    cached_input: Decimal | None = None,
    cache_write: Decimal | None = None,
    cache_write_1h: Decimal | None = None,
    unstated_writes: WriteRates | None = None,
    source: str = SWEEP_FILE,
    name: str = "",
    version: str = "",
    date: str = "",
) -> Price:
    """A price of one band, in dollars per million tokens. What is not stated costs as much as `input`, cache writes as
    `unstated_writes` says; one-hour cache writes also never less than stated shorter ones, since no vendor sells the
    longer for less. Raises Unpriceable for a rate that is negative or not a number."""
    brief, long, asked_for = unstated_writes or WriteRates(Decimal(1), Decimal(1), asked_for=False)
    writes = input * brief if cache_write is None else cache_write
    rates = Rates(
        input=input,
        output=output,
        cached_input=input if cached_input is None else cached_input,
        cache_write=writes,
        cache_write_1h=max(input * long, writes) if cache_write_1h is None else cache_write_1h,
    )
    stated = {"cache_write": cache_write, "cache_write_1h": cache_write_1h}
    for key in Rates.__slots__:
        rate: Decimal = getattr(rates, key)
        if not rate.is_finite() or rate < 0:
            raise Unpriceable(f"price {key} = {rate} isn't a price", "dollars per million tokens, 0 or more")
    return Price(
        bands=(Band(from_input_tokens=0, rates=rates),),
        source=source,
        name=name,
        version=version,
        date=date,
        derived=tuple(rate for rate, value in stated.items() if asked_for and value is None),
    )


def free(source: str = FREE, name: str = FREE) -> Price:
    """Zero for everything, if that is known rather than missing."""
    return stated_price(input=Decimal(0), output=Decimal(0), source=source, name=name)


def is_free(price: Price) -> bool:
    """Whether nothing that a request can count costs anything."""
    rates = [
        getattr(band.rates, key) for band in (*price.bands, *price.worst_bands) for key in Rates.__slots__
    ]
    return not any(rates) and not price.per_request_pico
