"""`manyfew reconcile`: presumed becomes settled, from the vendor's figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from orchestrator.ledger.file.lock import WriterLock
    from orchestrator.reconcile.books import Books
    from orchestrator.reconcile.proposal import Period, Proposal


def reconcile(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    usage: Path | None = typer.Option(
        None,
        "--usage",
        help="Settle by a usage or cost export (CSV, JSON) of OpenAI, Anthropic, LiteLLM or OpenRouter.",
        metavar="FILE",
    ),
    billed: str | None = typer.Option(
        None,
        "--billed",
        help="Settle by the vendor's whole bill for the model, less what is settled already.",
        metavar="USD",
    ),
    free: bool = typer.Option(False, "--free", help="Settle at 0: the vendor billed none of it."),
    model: list[str] = typer.Option(
        [], "--model", help="Reconcile this model only; repeatable.", metavar="ALIAS"
    ),
    since: str | None = typer.Option(
        None,
        "--since",
        help="Leave out requests before this time (UTC), such as 2026-11-24 or 2026-11-24T20:00.",
        metavar="TIME",
    ),
    until: str | None = typer.Option(
        None, "--until", help="Leave out requests from this time (UTC) on.", metavar="TIME"
    ),
    above_bound: bool = typer.Option(
        False, "--above-bound", help="Book figures above the worst case too, or above what was sent."
    ),
    factor: str | None = typer.Option(
        None,
        "--factor",
        help="Accept an export that bills this share of the ledger's costs, such as 0.85 after a 15% discount.",
        metavar="X",
    ),
    yes: bool = typer.Option(False, "--yes", help="Book the change without asking."),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout; never asks."),
) -> int:
    """List presumed requests and settle them by a bill.

    A presumed request may have been billed; it is counted at its worst case. With --usage, --billed or --free, manyfew
    shows the change and asks before it books it; without a terminal to ask on, it changes nothing unless --yes is
    given. The ledger keeps what each request was before.

    Example: manyfew reconcile runs/quickstart.db --usage completions_usage.csv

    Example: manyfew reconcile runs/quickstart.db --usage activity.csv --factor 0.85

    Example: manyfew reconcile runs/quickstart.db --model expensive --billed 1.2345
    """
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.identity import check
    from orchestrator.ledger.file.lock import acquire

    if sum((usage is not None, billed is not None, free)) > 1:
        raise InputError(
            "manyfew reconcile", "--usage, --billed and --free can't be combined", "use one of them"
        )
    if usage is None and billed is None and not free:
        if model or since or until or above_bound or factor or yes:
            raise InputError(
                "manyfew reconcile",
                "the vendor's figures are missing",
                "add --usage FILE, --billed USD or --free",
            )
        return _list(db, json_=json_)
    if factor is not None and usage is None:
        message = "compares the rows of an export with the ledger, and none is named"
        raise InputError("--factor", message, "add --usage FILE")
    period, share = _period(since, until), _factor(factor)

    def propose(books: Books) -> Proposal:
        from orchestrator.reconcile import typed
        from orchestrator.reconcile.usage import from_usage

        if usage is not None:
            return from_usage(books, model, usage, period, above_bound=above_bound, factor=share)
        if billed is not None:
            pico = typed.dollars(billed, where="--billed")
            return typed.billed(books, model, pico, period, above_bound=above_bound)
        return typed.free(books, books.chosen(model), period)

    asks = not yes and not json_ and sys.stdin.isatty() and sys.stdout.isatty()
    if not yes and not asks:
        return _settle(db, propose, None, asks=False, json_=json_)
    check(db)
    with acquire(db) as lock:
        return _settle(db, propose, lock, asks=asks, json_=json_)


def _list(db: Path, *, json_: bool) -> int:
    import shlex

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.file.lock import is_held
    from orchestrator.reconcile.books import open_books
    from orchestrator.report.terminal.reconcile import presumed_document, presumed_text
    from orchestrator.text.safe import safe

    with open_books(db, running=is_held(db)) as books:
        if json_:
            emit_json(presumed_document(books))
        else:
            console().print(presumed_text(books, safe(shlex.quote(str(db)))))
    return 0


def _settle(
    db: Path,
    propose: Callable[[Books], Proposal],
    lock: WriterLock | None,
    *,
    asks: bool,
    json_: bool,
) -> int:
    """Without a lock nothing is booked."""
    from importlib.metadata import version

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.file.lock import is_held
    from orchestrator.reconcile.books import open_books
    from orchestrator.reconcile.write import book_proposal
    from orchestrator.report.terminal.reconcile import proposal_document, proposal_text

    running = lock is None and is_held(db)
    with open_books(db, running=running) as books:
        proposal = propose(books)
        document = proposal_document(
            books, proposal, applied=lock is not None and not asks and not proposal.empty
        )
        if not json_:
            console().print(proposal_text(books, proposal))
    if proposal.empty:
        said = "There is nothing to book."
    elif lock is None:
        said = "Nothing has changed yet. Add --yes to book it."
    elif asks and not typer.confirm("Book it?"):
        said = "Nothing has changed."
    else:
        book_proposal(lock, proposal, version("manyfew"))
        said = "Booked. The ledger keeps what each request was before."
    if json_:
        emit_json(document)
    else:
        console().print(said)
    return 0


def _factor(text: str | None) -> Fraction:
    from fractions import Fraction

    from orchestrator.errors import InputError

    try:
        share = Fraction(1 if text is None else text.strip())
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 100:
        raise InputError("--factor", f"{text!r} isn't a factor", "write it like 0.85")
    return share


def _period(since: str | None, until: str | None) -> Period:
    from orchestrator.errors import InputError
    from orchestrator.reconcile.proposal import Period
    from orchestrator.reconcile.usage_line import when

    found: list[float | None] = []
    for flag, text in (("--since", since), ("--until", until)):
        try:
            found.append(when(text)[0])
        except ValueError as error:
            raise InputError(flag, str(error), "write it like 2026-11-24 or 2026-11-24T20:00") from None
    begin, end = found
    if begin is not None and end is not None and end <= begin:
        raise InputError("--until", "isn't later than --since", "write both in UTC")
    return Period(since=begin, until=end)
