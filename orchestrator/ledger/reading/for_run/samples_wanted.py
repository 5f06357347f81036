"""How many samples of each problem a model's row of the ledger asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


def samples_wanted(model: sqlite3.Row) -> Callable[[str], int]:
    """By the problem's key, as last stated; 0 of a model that was imported."""
    each: dict[str, int] = json.loads(model["samples_by_problem"]) if model["samples_by_problem"] else {}
    of_others: int = model["samples_wanted"] or 0
    return lambda key: each.get(key, of_others)
