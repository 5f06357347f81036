"""A price as JSON and back, exact: it is kept in the ledger beside what it priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from pricing.types import Band, Price, Rates

RATE_KEYS = ("input", "output", "cached_input", "cache_write", "cache_write_1h")


def price_to_json(price: Price) -> dict[str, Any]:
    """Plain dicts, lists, strings, ints and bools; rates are decimal strings in dollars per million tokens."""
    return {
        "source": price.source,
        "name": price.name,
        "version": price.version,
        "date": price.date,
        "service_tier": price.service_tier,
        "inference_geo": price.inference_geo,
        "batch": price.batch,
        "region": price.region,
        "covers": list(price.covers),
        "derived": list(price.derived),
        "per_request_pico": price.per_request_pico,
        "bands": [_band_to_json(band) for band in price.bands],
        "worst_bands": [_band_to_json(band) for band in price.worst_bands],
    }


def price_from_json(data: Mapping[str, Any]) -> Price:
    """The price that price_to_json wrote. Raises ValueError for anything else."""
    try:
        return Price(
            bands=_bands_from_json(data["bands"]),
            source=str(data["source"]),
            name=str(data["name"]),
            version=str(data.get("version", "")),
            date=str(data.get("date", "")),
            per_request_pico=int(data.get("per_request_pico", 0)),
            service_tier=str(data.get("service_tier", "")),
            inference_geo=str(data.get("inference_geo", "")),
            batch=bool(data.get("batch", False)),
            region=bool(data.get("region", False)),
            covers=tuple(str(tier) for tier in data.get("covers", ())),
            derived=tuple(str(rate) for rate in data.get("derived", ())),
            worst_bands=_bands_from_json(data.get("worst_bands", ())),
        )
    except (KeyError, TypeError, InvalidOperation) as error:
        raise ValueError(f"not a price: {error!r}") from error


def plain(rate: Decimal) -> str:
    """A rate without exponent and without trailing zeros: 2.5, 0.0028, 10."""
    text = format(rate, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _band_to_json(band: Band) -> dict[str, Any]:
    rates = {key: plain(getattr(band.rates, key)) for key in RATE_KEYS}
    return {"from_input_tokens": band.from_input_tokens, **rates}


def _bands_from_json(bands: Sequence[Mapping[str, Any]]) -> tuple[Band, ...]:
    return tuple(
        Band(
            from_input_tokens=int(band["from_input_tokens"]),
            rates=Rates(**{key: Decimal(band[key]) for key in RATE_KEYS}),
        )
        for band in bands
    )
