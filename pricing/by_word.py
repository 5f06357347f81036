"""A price as a person writes it on the command line: a name of the price book, or dollars per million tokens."""

from __future__ import annotations

import datetime
from decimal import Decimal, InvalidOperation

from pricing.cache_writes import write_rates
from pricing.resolve import priced_as
from pricing.stated import stated_price
from pricing.types import Price


def price_by_word(
    word: str, *, provider: str, model: str, on: datetime.date | None, batch: bool = False
) -> Price:
    """`word`: NAME, IN/OUT or IN/CACHED/OUT. Raises Unpriceable."""
    try:
        rates = [Decimal(part) for part in word.split("/")]
    except InvalidOperation:
        rates = []
    if len(rates) in (2, 3):
        return stated_price(
            input=rates[0],
            cached_input=rates[1] if len(rates) == 3 else None,
            output=rates[-1],
            unstated_writes=write_rates(provider, model, None),
            source="stated",
            name=word,
        )
    return priced_as(word, on=on, batch=batch)
