"""`manyfew reconcile`: presumed becomes settled, from the vendor's figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.reconcile.books import Books
    from orchestrator.reconcile.proposal import Period, Proposal


def reconcile(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    usage: Path | None = typer.Option(
        None,
        "--usage",
        help="The vendor's usage or cost export, CSV or JSON: OpenAI, Anthropic, LiteLLM, OpenRouter.",
        metavar="FILE",
    ),
    billed: str | None = typer.Option(
        None,
        "--billed",
        help="The vendor's whole bill for the model: what is settled is taken off.",
        metavar="USD",
    ),
    free: bool = typer.Option(False, "--free", help="The vendor billed none of what is presumed."),
    model: list[str] = typer.Option(
        [], "--model", help="Only this one; may be given again.", metavar="ALIAS"
    ),
    since: str | None = typer.Option(
        None, "--since", help="Only from here on (UTC), as 2026-11-24 or 2026-11-24T20:00.", metavar="TIME"
    ),
    until: str | None = typer.Option(None, "--until", help="Only until here (UTC).", metavar="TIME"),
    above_bound: bool = typer.Option(
        False, "--above-bound", help="Book it even where it is more than was reserved or asked."
    ),
    yes: bool = typer.Option(False, "--yes", help="Book it without asking."),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout; asks nothing."),
) -> int:
    """List what is presumed: requests whose outcome is unknown, charged at their worst case. With --usage, --billed or
    --free, settle them by the vendor's figures. Shows the change first and asks; where it can't ask, nothing is changed
    without --yes. What each request was stays in the ledger.

    Example: manyfew reconcile runs/quickstart.db --usage completions_usage.csv

    Example: manyfew reconcile runs/quickstart.db --model expensive --billed 1.2345
    """
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.identity import check
    from orchestrator.ledger.file.lock import acquire

    if sum((usage is not None, billed is not None, free)) > 1:
        raise InputError(
            "manyfew reconcile", "--usage, --billed and --free exclude each other", "state one of them"
        )
    if usage is None and billed is None and not free:
        if model or since or until or above_bound or yes:
            raise InputError(
                "manyfew reconcile", "no figure is stated", "add --usage FILE, --billed USD or --free"
            )
        return _list(db, json_=json_)
    period = _period(since, until)

    def propose(books: Books) -> Proposal:
        from orchestrator.reconcile import typed
        from orchestrator.reconcile.usage import from_usage

        if usage is not None:
            return from_usage(books, model, usage, period, above_bound=above_bound)
        if billed is not None:
            pico = typed.dollars(billed, where="--billed")
            return typed.billed(books, model, pico, period, above_bound=above_bound)
        return typed.free(books, books.chosen(model), period)

    asks = not yes and not json_ and sys.stdin.isatty() and sys.stdout.isatty()
    if not yes and not asks:
        return _settle(db, propose, booked="never", json_=json_)
    check(db)
    lock = acquire(db)
    try:
        return _settle(db, propose, booked="asked" if asks else "at once", json_=json_)
    finally:
        lock.release()


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
    *,
    booked: Literal["never", "asked", "at once"],
    json_: bool,
) -> int:
    """The caller holds the lock, unless nothing is booked."""
    from importlib.metadata import version

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.file.lock import is_held
    from orchestrator.reconcile.books import open_books
    from orchestrator.reconcile.write import book_proposal
    from orchestrator.report.terminal.reconcile import proposal_document, proposal_text

    running = booked == "never" and is_held(db)
    with open_books(db, running=running) as books:
        proposal = propose(books)
        document = proposal_document(books, proposal, applied=booked == "at once" and bool(proposal.changes))
        if not json_:
            console().print(proposal_text(books, proposal))
    if not proposal.changes:
        said = "There is nothing to book."
    elif booked == "never":
        said = "Nothing is changed yet. To book it: the same with --yes."
    elif booked == "asked" and not typer.confirm("Book it?"):
        said = "Nothing is changed."
    else:
        book_proposal(db, proposal, version("manyfew"))
        said = "Booked. The ledger keeps what each request was before."
    if json_:
        emit_json(document)
    else:
        console().print(said)
    return 0


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
        raise InputError("--until", "is not after --since", "write both in UTC")
    return Period(since=begin, until=end)
