"""`manyfew` and `python -m manyfew`."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

from manyfew import shadow_check


def main() -> NoReturn:
    """The entry point: makes sure that the packages found are manyfew's own, then hands over."""
    try:
        _main()
    except KeyboardInterrupt:  # before the command's own words for it
        sys.stderr.write("manyfew: interrupted\n")
        sys.exit(_status())


def _main() -> NoReturn:
    guard = shadow_check()
    if lines := guard.shadowed():
        _refuse(lines[0], guard.remedy())
    try:
        from orchestrator.cli.streams import settle
        from orchestrator.interrupts import interrupts

        settle()
        interrupts.hear()
        from orchestrator.cli.main import main as command
    except ImportError:
        if lines := guard.overwritten():
            _refuse(lines[0], guard.remedy())
        raise
    try:
        command()
    finally:
        gc.freeze()  # what is left goes with the process: Python would look through all of it once more


def _status() -> int:
    ours = sys.modules.get("orchestrator.interrupts")
    return 130 if ours is None else ours.interrupts.status


def _refuse(message: str, remedy: str) -> NoReturn:
    sys.stderr.write(f"manyfew: {message} ({remedy})\n")
    if "--json" in sys.argv[1:]:
        import json

        error = {"where": "manyfew", "message": message, "remedy": remedy}
        sys.stdout.write(json.dumps({"status": "error", "error": error}) + "\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
