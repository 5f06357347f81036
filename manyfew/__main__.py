"""`manyfew` and `python -m manyfew`."""

from __future__ import annotations

import sys
from typing import NoReturn

from manyfew import shadow_check


def main() -> NoReturn:
    """The entry point: makes sure that the packages found are manyfew's own, then hands over."""
    guard = shadow_check()
    if lines := guard.shadowed():
        _refuse(lines[0], guard.REMEDY)
    try:
        from orchestrator.cli.main import main as command
    except ImportError:
        if lines := guard.overwritten():
            _refuse(lines[0], guard.REMEDY)
        raise
    try:
        command()
    finally:
        _end()


def _end() -> None:
    """The command has ended, and its exit status stands: a late Ctrl-C, while Python goes, must not replace it."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _refuse(message: str, remedy: str) -> NoReturn:
    sys.stderr.write(f"manyfew: {message} ({remedy})\n")
    if "--json" in sys.argv[1:]:
        import json

        error = {"where": "manyfew", "message": message, "remedy": remedy}
        sys.stdout.write(json.dumps({"status": "error", "error": error}) + "\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
