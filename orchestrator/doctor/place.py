"""Where a ledger lies or will lie: whether it can be written there, and how much room there is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from orchestrator.doctor.finding import Finding
from orchestrator.errors import InputError
from orchestrator.ledger.file.file_system import refuse_unfit_place

LEAST_FREE = 100 * 2**20
MIB = 2**20
BYTES_PER_TOKEN = 4


def place(ledger: Path, *, most_tokens: int = 0) -> list[Finding]:
    """`most_tokens`: the most output that a sweep may have."""
    try:
        refuse_unfit_place(ledger)
    except InputError as error:
        return [Finding("missing", "place", f"{ledger}: {error.message}", error.remedy)]
    folder = nearest(ledger.absolute().parent)
    if not os.access(folder, os.W_OK):
        return [Finding("missing", "place", f"{folder} can't be written", "choose another place with --db")]
    free = shutil.disk_usage(folder).free
    text = f"{free / MIB:,.0f} MiB free at {ledger}"
    if free < LEAST_FREE:
        return [
            Finding("missing", "disk", text, "free some space: a run stops when its ledger can't be written")
        ]
    most = most_tokens * BYTES_PER_TOKEN
    if free < most:
        more = f"; its texts may take up to {most / MIB:,.0f} MiB"
        return [Finding("note", "disk", text + more, "free some space or use fewer samples")]
    return [Finding("ok", "disk", text)]


def nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
