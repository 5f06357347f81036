"""What is said where a process still hangs some time after the second Ctrl-C, and ends."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestrator.cli.output import emit_json, error_document
from orchestrator.errors import LedgerBroken, ManyfewError


def say_left(is_booked: bool, db: Path, *, json_wanted: bool) -> None:
    """The ledger can't be written just now, or what ended can't be said. What was committed stands."""
    if is_booked:
        why, remedy = "all is booked; what would say so hung when you left", f"manyfew status {db}"
        error = ManyfewError(str(db), why, remedy)
    else:
        why = "it could not be written when you left: another program holds it, or its disk hangs"
        error = LedgerBroken(str(db), why, "run again: what was in flight is charged at its bound")
    shown = "\x1b[?25h" if sys.stderr.isatty() else ""  # the display hides the cursor
    sys.stderr.write(f"{shown}manyfew: {error}\n")
    sys.stderr.flush()
    if json_wanted:
        emit_json(error_document(error))
        sys.stdout.flush()
