"""Prices and what they cost, exact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

PICO_PER_USD = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Dollars per million tokens."""

    input: Decimal
    output: Decimal
    cached_input: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal

    def __hash__(self) -> int:
        """A decimal is slow to hash, and one tells nearly all rates apart."""
        return hash(self.output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Rates that hold for requests with at least `from_input_tokens` of input."""

    from_input_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A model's price, with where it comes from. `bands` are sorted, the first from 0."""

    bands: tuple[Band, ...]
    source: str
    """sweep file | genai-prices | paper-2024 | gpu time | free …"""
    name: str
    """The entry that was used."""
    version: str = ""
    """Of the source."""
    date: str = ""
    """From when this price holds, or the day it was looked up for."""
    per_request_pico: int = 0
    service_tier: str = ""
    """The tier these rates are for; "" is the list price."""
    inference_geo: str = ""
    """The geography these rates are for; "" is the vendor's own choice at its list price."""
    batch: bool = False
    region: bool = False
    """Whether the rates include what OpenAI's regional hosts cost more."""
    covers: tuple[str, ...] = ()
    """Tiers that a stated price covers besides its own, as a reply names them."""
    derived: tuple[str, ...] = ()
    """Rates that nobody stated and that only bear on what is asked for: a reservation counts those it asks for."""
    worst_bands: tuple[Band, ...] = ()
    """The most expensive that a reply can make of `bands` by naming a tier or geography that the request leaves open;
    () where it leaves none. For reservations only."""


class Tokens(NamedTuple):
    """Billed tokens, as providers.types.Usage (pricing knows nothing of providers): `input` is all input and
    cached/cache_write/cache_write_1h are parts of it (1h a part of cache_write); `output` is all output."""

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0


class Unpriceable(Exception):  # noqa: N818 - reads as what it is
    """No price can be given; one line that says what is missing. `remedy` is what to write in the sweep file."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message + (f": {remedy}" if remedy else ""))
        self.message = message
        self.remedy = remedy
