"""Draws docs/frontier.svg, the README's picture: python -m docs.make_picture runs/quickstart.db"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from orchestrator.analysis.frontier import frontier_document
from orchestrator.ledger.reading.money.status import read_status
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from orchestrator.report.terminal.one_screen import Spent, print_one_screen
from pricing.types import PICO_PER_USD

FONT_FACES = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Writes the picture of the ledger named on the command line."""
    console = Console(
        record=True,
        width=100,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    ledger = Path(sys.argv[1])
    status = read_status(ledger)
    settled, presumed, replayed = (
        round(status[f"{key}_usd"] * PICO_PER_USD) for key in ("settled", "presumed", "replayed")
    )
    document = frontier_document(read_outcomes([ledger], "usd"), "usd")
    print_one_screen(console, document, Spent(settled, presumed, replayed))
    svg = console.export_svg(title="manyfew frontier runs/quickstart.db")
    # No outside address in the file: whoever looks has a monospaced font.
    Path(__file__).with_name("frontier.svg").write_text(FONT_FACES.sub("", svg), "utf-8")


if __name__ == "__main__":
    main()
