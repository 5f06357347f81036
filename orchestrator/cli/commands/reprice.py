"""`manyfew reprice`: the same samples at other prices."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.text.command import command


def reprice(
    db: Path = typer.Argument(..., help="The ledger, which stays as it is.", metavar="DB"),
    to: Path | None = typer.Argument(None, help="A new ledger for the new costs.", metavar="FILE"),
    price: list[str] = typer.Option(
        [],
        "--price",
        help="Set a model's price: a name from `prices`, or dollars per million tokens, in/out or "
        "in/cached/out; repeatable.",
        metavar="ALIAS=NAME|IN/OUT",
    ),
    on: str | None = typer.Option(
        None, "--on", help="Price every other model by its list price of that day.", metavar="YYYY-MM-DD"
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Show what a ledger's samples cost at other prices.

    With FILE, writes a ledger at the new prices, for `frontier` and `compare`.

    Example: manyfew reprice runs/gsm8k.db runs/gsm8k-2024.db --price expensive=paper-2024/gpt-4o --price cheap=0.1/0.4
    """
    from orchestrator.analysis.money.new_prices import new_prices, repriced_document
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.reprice import reprice as priced_anew
    from orchestrator.text.money import usd
    from orchestrator.text.safe import safe

    prices = new_prices(db, price, on)
    found = priced_anew(db, to, prices)
    if json_:
        emit_json(repriced_document(db, to, found, prices))
        return 0
    out = console()
    for r in found:
        line = f"{safe(r.alias, 40)}: {usd(r.before)} as booked, {usd(r.after)} at {safe(prices[r.alias].name, 60)}"
        if r.unpriceable:
            line += f"; {usd(r.unpriceable)} of it is for requests without token counts, left as booked"
        out.print(line)
    if to is not None:
        out.print(f"Next: {command('frontier {}', to)}")
    return 0
