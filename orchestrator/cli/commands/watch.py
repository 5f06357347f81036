"""`manyfew watch`: the live view of a run, from another terminal or after it."""

from __future__ import annotations

from pathlib import Path

import typer


def watch(db: Path = typer.Argument(..., help="The ledger.", metavar="DB")) -> int:
    """Show a run live, from another terminal.

    Ends when the run does. It only reads, so the run isn't slowed down.

    Example: manyfew watch runs/quickstart.db
    """
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
