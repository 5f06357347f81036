"""Turns usage and server time into whole pico-dollars: what a request may cost, and what it did cost."""

from pricing.book import Inexact, look_up
from pricing.cost import cost_pico, split_pico, worst_pico
from pricing.form import price_from_json, price_to_json
from pricing.lease import Lease
from pricing.resolve import by_server_time, resolve
from pricing.server_time import ServerMeter
from pricing.stated import free, stated_price
from pricing.tiers import tier_price
from pricing.types import PICO_PER_USD, Band, Price, Rates, Tokens, Unpriceable

__all__ = [
    "PICO_PER_USD",
    "Band",
    "Inexact",
    "Lease",
    "Price",
    "Rates",
    "ServerMeter",
    "Tokens",
    "Unpriceable",
    "by_server_time",
    "cost_pico",
    "free",
    "look_up",
    "price_from_json",
    "price_to_json",
    "resolve",
    "split_pico",
    "stated_price",
    "tier_price",
    "worst_pico",
]
