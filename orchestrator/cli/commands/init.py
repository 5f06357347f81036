"""`manyfew init`: a sweep file to start from."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.errors import InputError
from orchestrator.ledger.file.whole_file import write_new
from orchestrator.text.command import command


def init(
    path: Annotated[
        Path | None, typer.Argument(help="The file to write. Default: sweep.toml.", metavar="PATH")
    ] = None,
    quickstart: Annotated[
        bool,
        typer.Option(
            "--quickstart", help="Write the recorded quickstart, which needs no key and no network."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask no questions; keep the examples in the file.")
    ] = False,
) -> None:
    """Write a commented sweep file to start from.

    Never overwrites a file. On a terminal, asks first: your server, your vendor, your budget, your problems.

    Example: manyfew init gsm8k.toml
    """
    default = "quickstart.toml" if quickstart else "sweep.toml"
    target = path if path is not None else Path(default)
    if target.is_dir():
        target /= default
    text = _text(quickstart=quickstart)
    if (
        not quickstart
        and not yes
        and sys.stdin.isatty()
        and sys.stdout.isatty()
        and not os.path.lexists(target)
    ):
        text = _with_answers(text)
    elif not quickstart:
        text = _as_found(text)
    write_new(target, text)
    after = "run" if quickstart else "plan"
    typer.echo(f"wrote {target}\nnext: {command(after + ' {}', target)}")


def _as_found(text: str) -> str:
    """Nothing is asked: a server that isn't there is started where it can be."""
    from orchestrator.cli.init_questions import (
        DEFAULT_SERVER,
        OWN_SERVER,
        Answers,
        can_start,
        filled,
    )
    from orchestrator.cli.init_servers import served_at

    if not can_start() or served_at(DEFAULT_SERVER).models:
        return text
    return filled(text, Answers(server=OWN_SERVER))


def _with_answers(text: str) -> str:
    from orchestrator.cli.init_questions import ask_all, filled
    from orchestrator.cli.init_samples import sized
    from orchestrator.cli.init_servers import served_at
    from orchestrator.text.safe import safe

    def say(said: str) -> None:
        typer.echo("\n".join(_wrapped(said)))

    def ask(question: str, default: str) -> str:
        *before, last = _wrapped(safe(f"{question} [{default}]:" if default else f"{question}:"))
        for line in before:
            typer.echo(line)
        return input(f"{last} ")

    say("This writes a sweep file that compares a cheap model with an expensive one, after a few questions.")
    say("Press Enter to take what is in [brackets].")
    try:
        return sized(filled(text, ask_all(ask, say, served_at)))
    except EOFError:
        typer.echo()  # the question still stands in this line
        raise InputError("manyfew init", "the input ended before the last answer", "add --yes") from None


def _wrapped(text: str) -> list[str]:
    """Broken between words where a terminal would break them anywhere."""
    import shutil
    import sys
    import textwrap

    if not sys.stdout.isatty():
        return [text]
    width = shutil.get_terminal_size().columns
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [text]


def _text(*, quickstart: bool) -> str:
    package, name = (
        ("orchestrator.quickstart", "quickstart.toml") if quickstart else ("orchestrator.cli", "starter.toml")
    )
    try:
        return files(package).joinpath(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            "manyfew init", f"{name} is missing from the installation", "reinstall manyfew"
        ) from None
