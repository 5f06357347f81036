"""`manyfew status DB [--json]`, as it is nearly always typed, without the library that parses command lines: that takes
longer to start than the answer, and scripts run this every few seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def asked_status(arguments: Sequence[str]) -> tuple[Path, bool] | None:
    """(ledger, whether JSON), or None for any other command line: typer then handles it, its errors and its help."""
    if not arguments or arguments[0] != "status":
        return None
    words = [word for word in arguments[1:] if word != "--json"]
    if len(words) != 1 or not words[0] or words[0].startswith("-"):
        return None
    return Path(words[0]), len(words) + 1 < len(arguments)


def show_status(db: Path, json_wanted: bool) -> int:
    """Prints a ledger's samples and money. Raises InputError."""
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.reading.money.status import read_status

    document = read_status(db)
    if json_wanted:
        emit_json(document)
    else:
        from orchestrator.ledger.reading.money.imported import imported_pico
        from orchestrator.ledger.reading.money.watch import Watched
        from orchestrator.ledger.reading.samples.one_sided import one_sided_models
        from orchestrator.report.terminal.status import status_text
        from orchestrator.text.money import usd
        from orchestrator.text.safe import safe

        out = console()
        out.print(status_text(document, Watched(db).read()))
        if imported := imported_pico(db):
            out.print(f"Imported samples cost {usd(imported)}, not spent here.")
        for alias, words in one_sided_models(db).items():
            out.print(f"warning: {safe(alias, 60)}: {words}", markup=False)
    return 0
