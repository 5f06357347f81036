"""Numbers as JSON has them."""

from __future__ import annotations

import math
from typing import Any


def finite(value: Any) -> float | None:
    """A number of numpy's or Python's; None for nan and the infinities, which JSON does not know."""
    return float(value) if math.isfinite(value) else None
