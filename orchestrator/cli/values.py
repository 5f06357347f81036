"""Values typed on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InputError

if TYPE_CHECKING:
    from orchestrator.ledger.reading.samples.outcomes import Axis

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?", re.IGNORECASE)


def axis_named(text: str) -> Axis:
    """The axis that --axis names. Raises InputError."""
    if text == "usd" or text == "tokens" or text == "seconds" or text == "flops":
        return text
    raise InputError("--axis", f"there is no axis {text!r}", "use usd, flops, tokens or seconds")


def seconds(text: str, *, where: str) -> float:
    """A duration such as `3h50m`, `90s`, `45` (seconds) or `1d`. Raises InputError."""
    match = _SPAN.fullmatch(text.strip().replace(" ", ""))
    parts = match.groups() if match else (None,) * 4
    if not any(parts):
        raise InputError(where, f"{text!r} isn't a duration", "write it like 3h50m, 45m or 90s")
    days, hours, minutes, rest = (float(p or 0) for p in parts)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    if total > 366 * 86400:
        raise InputError(where, f"{text!r} is more than a year", "use a shorter time")
    return total


def default_ledger(name: str) -> Path:
    """Where a sweep's ledger is kept unless --db says otherwise."""
    return Path("runs") / f"{name}.db"
