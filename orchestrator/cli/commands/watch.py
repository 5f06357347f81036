"""`manyfew watch`: the live view of a run, from another terminal or after it."""

from __future__ import annotations

from pathlib import Path

import typer


def watch(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    web: str | None = typer.Option(
        None,
        "--web",
        help="Show it in a browser instead: a page on this machine alone, at PORT (default: a free one), or on the "
        "socket PATH for ssh -L 8000:PATH.",
        metavar="[PORT|unix:PATH]",
    ),
) -> int:
    """Show a run live, from another terminal or a browser.

    Ends when the run does; with --web, at Ctrl-C. It only reads, so the run isn't slowed down.

    Example: manyfew watch runs/quickstart.db

    Example: manyfew watch runs/quickstart.db --web
    """
    if web is not None:
        return _serve(db, web)
    import signal
    import sys
    import time

    from orchestrator.interrupts import interrupts
    from orchestrator.ledger.file.lock import is_held
    from orchestrator.ledger.reading.money.watch import Watched
    from orchestrator.report.live.display import choose

    watched = Watched(db)
    first = watched.read()
    try:
        with choose(stream=sys.stdout) as display:
            display.update(first)
            while is_held(db):
                # A ledger that takes long to read is read less often, so that watching costs almost nothing.
                time.sleep(max(1.0, 20 * watched.took_s))
                display.update(watched.read())
    except KeyboardInterrupt:
        if interrupts.heard not in (None, signal.SIGINT):
            raise
        return 0  # that is how one stops watching
    return 0


def _serve(db: Path, where: str) -> int:
    import asyncio
    import re
    import signal

    from orchestrator.cli.web_page import serve
    from orchestrator.errors import InputError
    from orchestrator.interrupts import interrupts

    if not re.fullmatch(r"\d{1,5}|unix:.+", where) or (where.isdigit() and int(where) > 65535):
        raise InputError("--web", f"{where!r} is neither a port nor unix:PATH", "such as --web 8000")

    def say(line: str) -> None:
        typer.echo(line)

    try:
        with asyncio.Runner() as runner:
            interrupts.run(runner, serve(db, where, say))
    except KeyboardInterrupt:
        if interrupts.heard not in (None, signal.SIGINT):
            raise
    return 0
