"""`manyfew reprice`: the same samples at other prices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import datetime

    from pricing.types import Price


def reprice(
    db: Path = typer.Argument(..., help="The ledger; it stays as it is.", metavar="DB"),
    to: Path | None = typer.Argument(None, help="A new ledger with the new costs.", metavar="[FILE]"),
    price: list[str] = typer.Option(
        [],
        "--price",
        help="A model's new price: a name of `manyfew prices`, or dollars per million tokens in/out or in/cached/out.",
        metavar="ALIAS=NAME|IN/OUT",
    ),
    on: str | None = typer.Option(
        None, "--on", help="Every other model at its list price of that day.", metavar="YYYY-MM-DD"
    ),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> int:
    """Show what a ledger's samples cost at other prices; with FILE, write a ledger of them for `frontier` and
    `compare`.

    Example: manyfew reprice runs/gsm8k.db runs/gsm8k-2024.db --price expensive=paper-2024/gpt-4o --price cheap=0.1/0.4
    """
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.reprice import models_of
    from orchestrator.ledger.reprice import reprice as priced_anew
    from orchestrator.text.money import usd
    from orchestrator.text.safe import safe
    from pricing.types import PICO_PER_USD

    prices = _prices(models_of(db), price, on)
    found = priced_anew(db, to, prices)
    if json_:
        models: dict[str, Any] = {
            r.alias: {
                "settled_usd": r.before / PICO_PER_USD,
                "repriced_usd": r.after / PICO_PER_USD,
                "unpriceable_usd": r.unpriceable / PICO_PER_USD,
                "price": {"source": prices[r.alias].source, "name": prices[r.alias].name},
            }
            for r in found
        }
        emit_json({"db": str(db), "file": None if to is None else str(to), "models": models})
        return 0
    out = console()
    for r in found:
        line = f"{safe(r.alias, 40)}: {usd(r.before)} as booked, {usd(r.after)} at {safe(prices[r.alias].name, 60)}"
        if r.unpriceable:
            line += f"; {usd(r.unpriceable)} of it is of requests without token counts, left as it was"
        out.print(line)
    if to is not None:
        out.print(f"Next: manyfew frontier {safe(str(to))}")
    return 0


def _prices(models: list[dict[str, Any]], stated: list[str], on: str | None) -> dict[str, Price]:
    from orchestrator.errors import InputError

    known = {model["alias"]: model for model in models}
    day = _day(on)
    found: dict[str, Price] = {}
    for text in stated:
        alias, equals, value = text.partition("=")
        if not equals or alias not in known:
            some = ", ".join(known)
            raise InputError(
                "--price", f"{text!r} names no model of this ledger", f"write ALIAS=…, one of {some}"
            )
        found[alias] = _price(value.strip(), day, known[alias])
    if on is not None:
        for alias, model in known.items():
            if alias not in found:
                found[alias] = _listed(model, day)
    if not found:
        raise InputError(
            "manyfew reprice", "no new price is stated", "use --price ALIAS=… or --on YYYY-MM-DD"
        )
    return found


def _day(on: str | None) -> datetime.date | None:
    import datetime

    from orchestrator.errors import InputError

    if on is None:
        return None
    try:
        return datetime.date.fromisoformat(on)
    except ValueError:
        raise InputError("--on", f"{on!r} is no day", "such as 2024-07-01") from None


def _price(value: str, day: datetime.date | None, model: dict[str, Any]) -> Price:
    from decimal import Decimal, InvalidOperation

    from orchestrator.errors import InputError
    from pricing.cache_writes import write_rates
    from pricing.resolve import priced_as
    from pricing.stated import stated_price
    from pricing.types import Unpriceable

    parts = value.split("/")
    try:
        rates = [Decimal(part) for part in parts]
    except InvalidOperation:
        rates = []
    try:
        if len(rates) in (2, 3):
            return stated_price(
                input=rates[0],
                cached_input=rates[1] if len(rates) == 3 else None,
                output=rates[-1],
                unstated_writes=write_rates(model["provider"] or "", model["name"] or "", None),
                source="stated",
                name=value,
            )
        return priced_as(value, on=day)
    except Unpriceable as error:
        raise InputError("--price", error.message, error.remedy) from error


def _listed(model: dict[str, Any], day: datetime.date | None) -> Price:
    from orchestrator.errors import InputError
    from pricing.resolve import resolve
    from pricing.types import Unpriceable

    try:
        return resolve(provider=model["provider"] or "", model=model["name"] or "", on=day)
    except Unpriceable as error:
        raise InputError(
            f"--on: model {model['alias']!r}", error.message, f"state --price {model['alias']}=IN/OUT"
        ) from error
