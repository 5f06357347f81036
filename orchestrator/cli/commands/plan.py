"""`manyfew plan`: the requests, samples and dollars of a sweep; sends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import typer

from orchestrator.text.command import command

MOST_GOLDS = 20


def plan(
    sweep: Path = typer.Argument(..., help="The sweep file; with --next, a ledger.", metavar="SWEEP|DB"),
    db: Path | None = typer.Option(
        None, "--db", help="Continue the ledger at PATH. Default: runs/NAME.db.", metavar="PATH"
    ),
    budget: str | None = typer.Option(
        None, "--budget", help="Use this budget instead of the sweep file's budget_usd.", metavar="USD"
    ),
    fit: bool = typer.Option(
        False, "--fit", help="Show the largest samples that the budget is expected to pay for."
    ),
    next_: str | None = typer.Option(
        None,
        "--next",
        help="Show where this much more money narrows a comparison most; takes a ledger.",
        metavar="USD",
    ),
    pair: tuple[str, str] | None = typer.Option(
        None, "--pair", help="Compare these two models, with --next.", metavar="ALIAS ALIAS"
    ),
    out: Path | None = typer.Option(
        None, "-o", "--output", help="Write the sweep that buys it, with --next.", metavar="SWEEP"
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Show what a sweep will send and cost. Sends nothing.

    Says what the sweep costs and whether the budget covers it, by model, and with --fit how many samples it covers.

    Example: manyfew plan runs/quickstart.toml

    Example: manyfew plan runs/quickstart.toml --budget 2 --fit

    Example: manyfew plan runs/gsm8k.db --next 2.50 -o next.toml
    """

    from orchestrator.errors import InputError

    if next_ is not None:
        if fit:
            raise InputError("--fit", "goes with a sweep file, --next with a ledger", "use one of them")
        return _next(sweep, next_, pair, out, json_=json_)
    if pair is not None or out is not None:
        _refuse("--pair" if pair is not None else "--output")
    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.values import default_ledger
    from orchestrator.report.terminal.plan import plan_text
    from orchestrator.run.planning.plan import plan_sweep
    from orchestrator.run.prepare import prepare
    from orchestrator.run.servers.node import check_node
    from orchestrator.run.verdicts.choose_verifier import lack_of
    from orchestrator.run.verdicts.gold_check import gold_judged_wrong
    from orchestrator.sweep.load import check_keys, load

    loaded = load(sweep, budget=budget)
    prepared = prepare(loaded)
    if fit and loaded.budget_pico is None:
        raise InputError(
            "--fit", "needs a budget to fit into", "add --budget 5, or budget_usd to the sweep file"
        )
    planned = plan_sweep(prepared, db if db is not None else default_ledger(loaded.name), fits=fit)
    for check in (lambda: check_keys(loaded), lambda: check_node(prepared)):
        try:
            check()
        except InputError as error:  # one may plan on another machine, or before there is a key
            console(stderr=True).print(f"warning: {error}; until then, run won't start here")
    if (lack := lack_of(prepared.executor.verifier, prepared.problems)) is not None:
        console(stderr=True).print(f"warning: {lack[0]} ({lack[1]}); until then, run won't start")
    else:
        try:
            wrong = gold_judged_wrong(prepared.executor, prepared.problems, MOST_GOLDS)
        finally:
            prepared.executor.close()
        if wrong is not None:
            console(stderr=True).print(f"warning: {wrong}")
    if json_:
        emit_json(planned.document())
    else:
        stated = () if budget is None else (budget,)
        again = command(f"plan {{}}{' --budget {}' if stated else ''} --fit", sweep, *stated)
        to = console()
        to.print(plan_text(planned, name=loaded.name, fit_command=again, width=to.width))
    return 0


def _next(db: Path, money: str, pair: tuple[str, str] | None, out: Path | None, *, json_: bool) -> int:

    from orchestrator.cli.output import console, emit_json
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.whole_file import write_new
    from orchestrator.next_dollar.document import document
    from orchestrator.next_dollar.study import study
    from orchestrator.next_dollar.sweep_text import next_sweep
    from orchestrator.report.terminal.next_dollar import next_text
    from orchestrator.sweep.load import parse_usd

    usd = parse_usd(money, where="--next")
    if not usd:
        raise InputError("--next", "must be more than 0 dollars", "such as --next 2.50")
    sweep, found = study(db, float(usd), pair)
    said = document(found, float(usd), out)
    if out is not None:
        write_new(out, next_sweep(sweep, found, usd))
    if json_:
        emit_json(said)
        return 0
    console().print(next_text(said))
    if out is not None:
        console().print(f"Next: {command('run {} --db {}', out, db)}")
    return 0


def _refuse(flag: str) -> NoReturn:
    from orchestrator.errors import InputError

    raise InputError(flag, "goes with --next", "add --next USD and name a ledger")
