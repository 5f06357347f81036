"""What a program that failed wrote to stderr, as one line: the one that names the cause."""

from __future__ import annotations

import re

_ERROR = re.compile(r"\bError\b|\berror\b")
_HELP = re.compile(r"^(?:Run|See) '[^']*'")


def cause(said: str) -> str:
    """The first line that speaks of an error, else the last one that isn't a hint at a command's help; "" for nothing.
    docker ends its errors with such a hint, and podman begins with warnings."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = next((line for line in lines if _ERROR.search(line)), None)
    told = [line for line in lines if not _HELP.match(line)]
    return named or (told or lines or [""])[-1]
