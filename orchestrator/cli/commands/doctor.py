"""`manyfew doctor`: checks what is installed, reachable and missing, and a ledger's sums."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from orchestrator.doctor.finding import Finding

_LEAST = 20
"""Cells of text beside what begins a line, however narrow the terminal is."""


def doctor(
    target: Path | None = typer.Argument(
        None, help="A sweep file or a ledger. Without it, only what is installed.", metavar="SWEEP|DB"
    ),
    db: Path | None = typer.Option(
        None, "--db", help="Use the sweep's ledger at PATH. Default: runs/NAME.db.", metavar="PATH"
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Check what is installed, reachable and missing.

    Each finding comes with its remedy. With a ledger, recomputes its sums. Spends nothing.

    Example: manyfew doctor runs/quickstart.toml
    """
    from orchestrator.cli.output import emit_json
    from orchestrator.doctor.finding import findings_document
    from orchestrator.doctor.installation import installation

    found = installation()
    if target is not None:
        found += _look_at(target, db)
    document = findings_document(found)
    if json_:
        emit_json(document)
    else:
        _show(found)
    return 1 if document["status"] == "missing" else 0


def _look_at(target: Path, db: Path | None) -> list[Finding]:
    from orchestrator.ledger.file.identity import is_database

    # What only is named like a ledger is taken for one, for the error's sake.
    if target.suffix == ".db" or is_database(target):
        from orchestrator.doctor.ledger import ledger_findings

        return ledger_findings(target)
    from orchestrator.cli.values import default_ledger
    from orchestrator.doctor.sweep import sweep_findings
    from orchestrator.sweep.load import load

    sweep = load(target)
    return sweep_findings(sweep, db if db is not None else default_ledger(sweep.name))


def _show(found: list[Finding]) -> None:
    from textwrap import wrap

    from orchestrator.cli.output import console
    from orchestrator.doctor.finding import summed_up
    from orchestrator.text.safe import safe

    out = console()
    wide = max(len(finding.topic) for finding in found)
    for finding in found:
        begin = f"{finding.state:<7}  {finding.topic:<{wide}}  "
        indent = " " * len(begin)
        lines = [
            begin + safe(finding.text),
            *([f"{indent}→ {safe(finding.remedy)}"] if finding.remedy else []),
        ]
        if out.is_terminal:
            most = max(out.width, len(indent) + _LEAST)
            lines = [
                part
                for line in lines
                for part in wrap(
                    line, most, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
                )
            ]
        for line in lines:
            out.print(line, no_wrap=True, overflow="ignore", crop=False)
    out.print()
    out.print(summed_up(found))
