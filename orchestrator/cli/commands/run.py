"""`manyfew run`: samples, verifies and records; run again, it continues where it stopped."""

from __future__ import annotations

from pathlib import Path

import typer


def run(
    sweep: Path = typer.Argument(..., help="The sweep file.", metavar="SWEEP"),
    db: Path | None = typer.Option(
        None, "--db", help="Write the ledger to PATH. Default: runs/NAME.db.", metavar="PATH"
    ),
    budget: str | None = typer.Option(
        None,
        "--budget",
        help="Set the budget in dollars, a total over all runs of the ledger.",
        metavar="USD",
    ),
    only: list[str] | None = typer.Option(
        None, "--only", help="Ask this model alone; repeatable.", metavar="ALIAS"
    ),
    stop_after: str | None = typer.Option(
        None, "--stop-after", help="Stop after this time, such as 3h50m.", metavar="TIME"
    ),
    grace: str = typer.Option(
        "30s", "--grace", help="Wait this long for requests in flight after Ctrl-C.", metavar="TIME"
    ),
    progress: str | None = typer.Option(
        None,
        "--progress",
        help="Show progress live (redrawn in place, on a terminal), as lines, or none. Default: auto.",
        metavar="auto|live|lines|none",
    ),
    no_progress: bool = typer.Option(
        False, "--no-progress", help="Show only the closing summary, as --progress none does."
    ),
    notify: str | None = typer.Option(
        None,
        "--notify",
        help="Send the summary as JSON when the run ends: POST it to a URL, or run a command with it on stdin.",
        metavar="URL|COMMAND",
    ),
    json_: bool = typer.Option(
        False, "--json", help="Print one JSON document on stdout; text goes to stderr."
    ),
) -> int:
    """Sample a sweep within its budget.

    Run it again to continue where it stopped.

    Example: manyfew run runs/quickstart.toml

    Example: manyfew run runs/quickstart.toml --only gemma --notify "tee summary.json"
    """
    from orchestrator.cli.quick.run import Asked, sample

    return sample(
        Asked(
            sweep=sweep,
            db=db,
            budget=budget,
            only=only or (),
            stop_after=stop_after,
            grace=grace,
            progress=progress,
            no_progress=no_progress,
            notify=notify,
            json=json_,
        )
    )
