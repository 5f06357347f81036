"""What a model's name says: its dated snapshot, and how new a Claude is."""

from __future__ import annotations

import datetime
import re

_DATED = re.compile(r"^(?P<base>.+?)[-@](?P<y>20\d\d)(?P<sep>-?)(?P<m>\d\d)(?P=sep)(?P<d>\d\d)$")
_CLAUDE = re.compile(r"(?:^|[/.])claude-[a-z]+-(?P<major>\d{1,2})(?:[-.](?P<minor>\d{1,2}))?(?![\d])")
UNDATED = ("-latest", "-0")
"""What vendors hang onto a name to mean the model without a date: claude-3-5-haiku-latest, claude-opus-4-0."""


def snapshot_of(model: str) -> tuple[str, datetime.date] | None:
    """(base, date) of a dated snapshot: base-YYYY-MM-DD, base-YYYYMMDD or base@YYYYMMDD; None for any other name."""
    found = _DATED.match(model)
    if found is None:
        return None
    try:
        day = datetime.date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None
    return found["base"], day


def undated(model: str) -> str:
    """The name without a mark that says it has no date."""
    for mark in UNDATED:
        if model.endswith(mark):
            return model.removesuffix(mark)
    return model


def claude_version(model: str) -> tuple[int, int] | None:
    """(4, 6) of claude-opus-4-6…, (5, 0) of claude-opus-5; None if the name does not say it so."""
    found = _CLAUDE.search(model.lower())
    if found is None:
        return None
    return int(found["major"]), int(found["minor"] or 0)
