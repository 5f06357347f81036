"""What goes to the terminal: one JSON document to stdout, or people's text."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from orchestrator.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.errors import ManyfewError


def emit_json(document: Any) -> None:
    """The one JSON document of --json. A reader that hung up ends nothing."""
    text = json.dumps(document, allow_nan=False, ensure_ascii=False, indent=2)
    if sys.stdout.closed:
        return
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()


def flush_stdout() -> None:
    """Raises InputError when stdout takes no more. A stdout that some code closed has nothing left to write."""
    if sys.stdout.closed:
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()
    except OSError as error:
        raise stdout_error(error) from error


def say(text: str) -> None:
    """Writes to stderr, unless some code closed it."""
    if not sys.stderr.closed:
        sys.stderr.write(text)


def error_document(error: ManyfewError) -> dict[str, Any]:
    """What --json prints on an error."""
    return {
        "status": "error",
        "error": {"where": error.where, "message": error.message, "remedy": error.remedy},
    }


def close_stdout() -> None:
    """After a broken pipe: drops what is still buffered, and the interpreter's own last flush."""
    send_nowhere(sys.stdout)


def stdout_error(error: OSError) -> InputError:
    """For a stdout that takes no more. What is still buffered is dropped: the interpreter's own last flush would fail
    on it and change the exit status."""
    close_stdout()
    return InputError("stdout", f"can't be written: {error.strerror or error}", "free some disk space")


def is_stdout_full() -> bool:
    """Writes one more newline to find out: the stream forgets a failed write."""
    if sys.stdout.closed:
        return False
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except OSError:
        return True
    return False


def send_nowhere(stream: TextIO) -> None:
    """Nobody reads `stream` any more: whatever else is written there is dropped."""
    if stream.closed:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def console(*, stderr: bool = False, into: TextIO | None = None, colours: bool = True) -> Console:
    """A rich console that keeps to plain text on pipes, with NO_COLOR and with TERM=dumb. Markup, highlighting and
    emoji codes are off: model text and aliases are shown as they are, after `orchestrator.text.safe`. `into`: a pager
    on the terminal, which may not take `colours`."""
    from rich.console import Console

    class HungUpConsole(Console):
        """rich ends the program when a reader hangs up. Here the caller decides: a run keeps its exit status."""

        def on_broken_pipe(self) -> None:
            raise

    stream = sys.stderr if stderr else sys.stdout
    is_terminal = into is not None or stream.isatty()
    without = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    plain = without or not is_terminal or not colours
    return HungUpConsole(
        file=into or stream,
        force_terminal=True if into is not None and not plain else None,
        no_color=plain,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not is_terminal,
    )
