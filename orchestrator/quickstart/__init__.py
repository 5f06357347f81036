"""The recorded quickstart: its sweep file, its problems and its tape, as package data."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def tape_path() -> Path:
    """The shipped tape."""
    return _HERE / "tape.jsonl.gz"


def sweep_text() -> str:
    """The quickstart's sweep file."""
    return (_HERE / "quickstart.toml").read_text("utf-8")
