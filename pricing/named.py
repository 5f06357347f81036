"""Named, dated sets of prices: one TOML file each in pricing/sets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

from pricing.cache_writes import write_rates
from pricing.form import RATE_KEYS
from pricing.stated import stated_price
from pricing.types import Price, Unpriceable

SETS = Path(__file__).with_name("sets")


@cache
def set_names() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in SETS.glob("*.toml")))


@cache
def price_set(name: str) -> Mapping[str, Price]:
    """The set's prices by model. Raises Unpriceable for a set that does not exist."""
    if name not in set_names():
        raise Unpriceable(f'no price set "{name}"', f"there is: {', '.join(set_names())}")
    text = (SETS / f"{name}.toml").read_text(encoding="utf-8")
    import tomllib

    # parse_float: a price such as 0.14 must not pass through a float
    table = tomllib.loads(text, parse_float=Decimal)
    models = cast("dict[str, dict[str, Any]]", table["models"])
    return {
        model: stated_price(
            **_rates(name, model, rates),
            unstated_writes=write_rates("", model, None),
            source=name,
            name=f"{name}/{model}",
            version=str(table["version"]),
            date=str(table["date"]),
        )
        for model, rates in models.items()
    }


def set_price(name: str, model: str) -> Price:
    """One price of a set, by its exact name. Raises Unpriceable."""
    prices = price_set(name)
    if model not in prices:
        raise Unpriceable(f'price set {name} has no "{model}"', f"it has: {', '.join(prices)}")
    return prices[model]


def _rates(name: str, model: str, rates: Mapping[str, Any]) -> dict[str, Any]:
    unknown = rates.keys() - set(RATE_KEYS)
    if unknown:
        raise ValueError(f"sets/{name}.toml: {model}: unknown keys {sorted(unknown)}")
    return {key: Decimal(rate) for key, rate in rates.items()}
