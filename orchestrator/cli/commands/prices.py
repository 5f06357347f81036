"""`manyfew prices`: the price book, and where each price comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.text.command import command

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.console import Console
    from rich.table import Table

    from pricing.listing import Listed
    from pricing.types import Price, Rates

NO_PRICE = "no price for text"
_SHOWN = 40
"""Lines of the table for one MODEL; --json has all."""
_WIDE = 120
"""Columns from which the table has room for cache writes, sources and dates; a pipe has as many as it takes."""


def prices(
    model: Annotated[
        str | None,
        typer.Argument(help="A model's name or a part of it. Default: the whole book.", metavar="MODEL"),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Show the price book and where each price comes from.

    Prices are in dollars per million tokens.

    Example: manyfew prices gpt-6
    """
    from orchestrator.cli.output import emit_json
    from orchestrator.errors import InputError
    from pricing.book import STATE_IT, book_version
    from pricing.listing import matching, whole_book

    lines = matching(model) if model else whole_book()
    if not lines:
        raise InputError(f'prices "{model}"', "the price book has no such model", STATE_IT)
    if json_:
        emit_json({"genai_prices": book_version(), "prices": [_document(line) for line in lines]})
    else:
        _show(lines, model)


def _document(line: Listed) -> dict[str, Any]:
    about = {"provider": line.provider, "model": line.model, "match": line.match, "price_as": line.price_as}
    price = line.price
    if price is None:
        return {**about, "note": line.note, "bands": []}
    return {
        **about,
        **_rates(price.bands[0].rates),
        "usd_per_request": price.per_request_pico / 1e12,
        "bands": [{"from_input_tokens": b.from_input_tokens, **_rates(b.rates)} for b in price.bands],
        "service_tier": price.service_tier,
        "batch": price.batch,
        "source": price.source,
        "name": price.name,
        "version": price.version,
        "date": price.date,
    }


def _rates(rates: Rates) -> dict[str, float]:
    """For people and charts; sums are made from the Decimals."""
    from pricing.form import RATE_KEYS

    return {key: float(getattr(rates, key)) for key in RATE_KEYS}


def _show(lines: list[Listed], model: str | None) -> None:
    from orchestrator.cli.output import console

    out = console()
    if not out.is_terminal:
        out.width = 2 * _WIDE
    shown = lines[:_SHOWN] if model else lines
    table = _table(shown, is_wide=True, tells_match=bool(model))
    # A terminal's many columns are still too few for long names beside where each price comes from.
    is_wide = out.width >= _WIDE and _width(out, table) <= out.width
    if not is_wide:
        table = _table(shown, is_wide=False, tells_match=bool(model) and any(map(_is_told, shown)))
    out.print(table)
    if not is_wide and (origins := {" of ".join(_origin(line)) for line in shown if line.price is not None}):
        out.print(f"Prices from {'; '.join(sorted(origins))}.")
    if not is_wide and (priceless := sum(line.price is None for line in shown)):
        out.print(f"{priceless} of them: {NO_PRICE}.")
    if len(shown) < len(lines):
        out.print(f"{len(lines) - len(shown)} more: --json shows all of them; a longer name finds fewer.")
    out.print(_footer(lines, model))


def _width(out: Console, table: Table) -> int:
    """Columns that it takes unwrapped."""
    return out.measure(table, options=out.options.update(max_width=10 * _WIDE)).maximum


def _table(lines: list[Listed], *, is_wide: bool, tells_match: bool) -> Table:
    from rich import box
    from rich.table import Table

    from orchestrator.text.safe import safe

    keys = ["input", "cached_input", "cache_write", "cache_write_1h", "output"]
    if not is_wide:
        keys = ["input", "cached_input", "output"]
    table = (
        Table(box=box.SIMPLE_HEAD, pad_edge=False)
        if is_wide
        else Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    )
    table.add_column("model", overflow="fold")
    table.add_column("provider", overflow="fold", no_wrap=is_wide)
    for key in keys:
        table.add_column(key.removesuffix("_input").replace("_", " "), justify="right")
    if is_wide:
        table.add_column("source")
        table.add_column("date")
    if tells_match:
        table.add_column("match")
    for line in lines:
        row = [
            safe(line.model),
            line.provider,
            *_cells(line.price, keys),
            *(_origin(line) if is_wide else []),
        ]
        table.add_row(*row, *([_words(line)] if tells_match else []))
    return table


def _cells(price: Price | None, keys: list[str]) -> list[str]:
    """One line a band."""
    if price is None:
        return ["-"] * len(keys)
    cells = ["\n".join(_money(getattr(b.rates, key)) for b in price.bands) for key in keys]
    if len(price.bands) > 1:
        cells[0] = "\n".join(_over(b.from_input_tokens) + _money(b.rates.input) for b in price.bands)
    return cells


def _over(start: int) -> str:
    """A band's mark: it holds for prompts longer than this."""
    if not start:
        return ""
    limit = start - 1
    return f">{limit // 1000}k: " if limit % 1000 == 0 else f">{limit}: "


def _money(rate: Decimal) -> str:
    from pricing.form import plain

    return plain(rate)


def _origin(line: Listed) -> list[str]:
    if line.price is None:
        return [NO_PRICE, ""]
    source = f"{line.price.source} {line.price.version}".strip()
    if line.price.per_request_pico:
        source += f", ${line.price.per_request_pico / 1e12:g} a request"
    return [source, line.price.date]


def _is_told(line: Listed) -> bool:
    """Whether it is more than one of similar names, as most are."""
    return line.match != "similar" or (line.price is not None and bool(line.note))


def _words(line: Listed) -> str:
    word = line.match if line.match != "inexact" else "inexact: confirm it"
    return f"{word}, {line.note}" if line.price is not None and line.note else word


def _footer(lines: list[Listed], model: str | None) -> str:
    unit = "$ per million tokens. A long prompt is billed at its band's price as a whole."
    if model is None:
        return unit + f" Other vendors' prices: {command('prices NAME')}."
    if any(line.match == "exact" for line in lines):
        return unit
    return unit + f' No model has exactly this name; to use a line: price_as = "{lines[0].price_as}".'
