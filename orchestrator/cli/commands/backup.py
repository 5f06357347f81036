"""`manyfew backup`: a copy of a ledger, safe while a run writes."""

from __future__ import annotations

from pathlib import Path

import typer


def backup(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    file: Path = typer.Argument(..., help="The copy to make; never overwrites.", metavar="FILE"),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> int:
    """Copy a ledger, whole and of one moment, without holding up the run that writes it. The copy is a ledger.

    Example: manyfew backup runs/quickstart.db backups/quickstart-1.db
    """
    import dataclasses

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.file.backup import backup as copy
    from orchestrator.report.live.counter import counting
    from orchestrator.text.safe import safe

    with counting("MB copied", json_=json_) as told:
        done = copy(db, file, lambda count: told(count // 10**6))
    if json_:
        emit_json({"db": str(db), "file": str(file), **dataclasses.asdict(done)})
        return 0
    line = f"{done.samples:,} samples, {done.size_bytes / 1e6:,.1f} MB copied to {safe(str(file))}."
    if done.requests_open:
        line += (
            f" Requests in flight at that moment: {done.requests_open}; "
            "a run on the copy would charge them at their worst case."
        )
    console().print(line)
    return 0
