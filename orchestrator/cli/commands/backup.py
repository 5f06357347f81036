"""`manyfew backup`: a copy of a ledger, safe while a run writes."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.grammar import many


def backup(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    file: Path = typer.Argument(..., help="The copy to make, which must not exist yet.", metavar="FILE"),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Copy a ledger, also while a run writes it.

    The copy is a whole ledger, as it stood at one moment. The run isn't held up.

    Example: manyfew backup runs/quickstart.db backups/quickstart-1.db
    """
    import dataclasses

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.file.backup import backup as copy
    from orchestrator.report.live.counter import counting
    from orchestrator.text.safe import safe

    with counting("MB copied", json_=json_) as show:
        done = copy(db, file, lambda count: show(count // 10**6))
    if json_:
        emit_json({"db": str(db), "file": str(file), **dataclasses.asdict(done)})
        return 0
    line = f"{many(done.samples, 'sample')}, {done.size_bytes / 1e6:,.1f} MB copied to {safe(str(file))}."
    if done.requests_open:
        line += (
            f" Requests in flight at that moment: {done.requests_open}; "
            "a run on the copy would count them at their worst case."
        )
    console().print(line)
    return 0
