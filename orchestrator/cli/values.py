"""Values typed on the command line."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.errors import InputError

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?", re.IGNORECASE)


def seconds(text: str, *, where: str) -> float:
    """A span such as `3h50m`, `90s`, `45` (seconds), `1d`. Raises InputError."""
    match = _SPAN.fullmatch(text.strip().replace(" ", ""))
    parts = match.groups() if match else (None,) * 4
    if not any(parts):
        raise InputError(where, f"{text!r} is no time span", "write it like 3h50m, 45m or 90s")
    days, hours, minutes, rest = (float(p or 0) for p in parts)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    if total > 366 * 86400:
        raise InputError(where, f"{text!r} is more than a year", "state less")
    return total


def default_ledger(name: str) -> Path:
    """Where a sweep's ledger lies when --db doesn't say."""
    return Path("runs") / f"{name}.db"
