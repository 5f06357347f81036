"""Runs the commands of the pages that show screens and writes what they print into the page:
`python -m tests.docs.transcribe`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.docs.pages import DOCS, blocks, prepare, stand_ins, type_, write

PAGES = (
    DOCS / "tutorial.md",
    DOCS / "how-to" / "read-samples.md",
    DOCS / "how-to" / "read-the-frontier.md",
)
LONGEST = 40


def main() -> None:
    for page in PAGES:
        _transcribe(page)


def _transcribe(page: Path) -> None:
    text = page.read_text("utf-8")
    made: list[str] = []
    last = 0
    with tempfile.TemporaryDirectory() as name, stand_ins() as places:
        folder = Path(name)
        prepare(folder)
        for block in blocks(text):
            if block.what in ("file", "append"):
                write(block, folder, places)
            if block.what != "console":
                continue
            said = [
                line
                for command in block.commands
                for line in (f"$ {command}", *_output(command, folder, places))
            ]
            made += [
                text[last : block.start],
                "".join(f"{block.margin}{line}".rstrip() + "\n" for line in said),
            ]
            last = block.end
    page.write_text("".join([*made, text[last:]]), "utf-8")


def _output(command: str, folder: Path, places: Mapping[str, str]) -> list[str]:
    done = type_(command, folder, places)
    assert done.returncode == 0, (command, done.stdout)
    said = done.stdout
    for port, url in places.items():
        if port.isdigit():
            said = said.replace(url, f"http://127.0.0.1:{port}/v1")
    said = said.replace(places["OPENAI_BASE_URL"], "https://api.openai.com/v1")
    # Of this machine alone: doctor's findings about it, and a stall while it was busy.
    lines = [
        line
        for line in said.splitlines()
        if not re.match(r"\w+ +(python|package|packages|disk|clock) | *a computation held", line)
    ]
    return lines if len(lines) <= LONGEST else [*lines[:LONGEST], "…"]


if __name__ == "__main__":
    main()
