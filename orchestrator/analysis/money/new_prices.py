"""New prices for a ledger's models, as stated: by name, in dollars, or the list price of a day; and what follows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.reprice import Repriced, models_of
from pricing.by_word import price_by_word
from pricing.resolve import resolve
from pricing.types import PICO_PER_USD, Price, Unpriceable


def new_prices(db: Path, stated: Sequence[str], on: str | None) -> dict[str, Price]:
    """By alias. `stated`: ALIAS=NAME or ALIAS=IN/OUT; `on`: a day, for every other model. Raises InputError."""
    known = {model["alias"]: model for model in models_of(db)}
    day = _day(on)
    found: dict[str, Price] = {}
    for text in stated:
        alias, equals, value = text.partition("=")
        if not equals or alias not in known:
            some = ", ".join(known)
            raise InputError(
                "--price", f"{text!r} names no model of this ledger", f"write ALIAS=…, with one of {some}"
            )
        found[alias] = _price(value.strip(), day, known[alias])
    if on is not None:
        for alias, model in known.items():
            if alias not in found:
                found[alias] = _listed(model, day)
    if not found:
        raise InputError(
            "manyfew reprice", "the new prices are missing", "add --price ALIAS=… or --on YYYY-MM-DD"
        )
    return found


def repriced_document(
    db: Path, target: Path | None, found: Sequence[Repriced], prices: Mapping[str, Price]
) -> dict[str, Any]:
    """What `manyfew reprice --json` prints."""
    models: dict[str, Any] = {
        r.alias: {
            "settled_usd": r.before / PICO_PER_USD,
            "repriced_usd": r.after / PICO_PER_USD,
            "unpriceable_usd": r.unpriceable / PICO_PER_USD,
            "price": {"source": prices[r.alias].source, "name": prices[r.alias].name},
        }
        for r in found
    }
    return {"db": str(db), "file": None if target is None else str(target), "models": models}


def _day(on: str | None) -> datetime.date | None:
    if on is None:
        return None
    try:
        return datetime.date.fromisoformat(on)
    except ValueError:
        raise InputError("--on", f"{on!r} isn't a date", "write it like 2024-07-01") from None


def _price(value: str, day: datetime.date | None, model: dict[str, Any]) -> Price:
    try:
        return price_by_word(value, provider=model["provider"] or "", model=model["name"] or "", on=day)
    except Unpriceable as error:
        raise InputError("--price", error.message, error.remedy) from error


def _listed(model: dict[str, Any], day: datetime.date | None) -> Price:
    try:
        return resolve(provider=model["provider"] or "", model=model["name"] or "", on=day)
    except Unpriceable as error:
        raise InputError(
            f"--on: model {model['alias']!r}", error.message, f"add --price {model['alias']}=IN/OUT"
        ) from error
