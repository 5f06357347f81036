"""Which of many attacks the plain test command tries: a part, so that it stays quick. MANYFEW_ATTACKS=all, as CI's own
step says, tries all."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def some(attacks: Sequence[T], every: int) -> Sequence[T]:
    """One in `every`, or all."""
    return attacks if os.environ.get("MANYFEW_ATTACKS") == "all" else attacks[::every]
