"""What a process that still hangs some time after the second Ctrl-C says when it leaves."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestrator.cli.output import emit_json, error_document
from orchestrator.errors import LedgerBroken, ManyfewError
from orchestrator.text.command import command


def say_left(is_booked: bool, db: Path, *, json_wanted: bool) -> None:
    """Either the ledger can't be written just now, or the summary can't be shown. What was committed stays."""
    if is_booked:
        why, remedy = "everything is booked, but the summary could not be shown", command("status {}", db)
        error = ManyfewError(str(db), why, remedy)
    else:
        why = "it could not be written when you left: another program holds it, or its disk hangs"
        remedy = (
            "run again: requests that were in flight may have been billed and are counted at their worst case"
        )
        error = LedgerBroken(str(db), why, remedy)
    shown = "\x1b[?25h" if sys.stderr.isatty() else ""  # the display hides the cursor
    sys.stderr.write(f"{shown}manyfew: {error}\n")
    sys.stderr.flush()
    if json_wanted:
        emit_json(error_document(error))
        sys.stdout.flush()
