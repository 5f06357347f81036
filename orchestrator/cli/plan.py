"""`manyfew plan`: requests, samples and dollars of a sweep; sends nothing."""

from __future__ import annotations

from pathlib import Path

import typer


def plan(
    sweep: Path = typer.Argument(..., help="The sweep file.", metavar="SWEEP"),
    db: Path | None = typer.Option(None, "--db", help="The ledger. Default: runs/NAME.db."),
    budget: str | None = typer.Option(
        None, "--budget", help="Dollars, instead of budget_usd.", metavar="USD"
    ),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> int:
    """Show what a sweep will ask and cost, and how far the budget reaches. Sends nothing.

    Example: manyfew plan runs/quickstart.toml
    """
    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.values import default_ledger
    from orchestrator.report.plan_text import plan_text
    from orchestrator.run.plan import plan_sweep
    from orchestrator.run.prepare import prepare
    from orchestrator.run.verifier import lack_of
    from orchestrator.sweep.load import load

    loaded = load(sweep, budget=budget)
    prepared = prepare(loaded)
    planned = plan_sweep(prepared, db if db is not None else default_ledger(loaded.name))
    if (lack := lack_of(prepared.executor.verifier)) is not None:
        console(stderr=True).print(f"warning: {lack}; run will refuse to start")
    if json_:
        emit_json(planned.document())
    else:
        console().print(plan_text(planned, name=loaded.name))
    return 0
