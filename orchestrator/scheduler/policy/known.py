"""What is known of a model's samples, by problem."""

from __future__ import annotations

from array import array
from dataclasses import dataclass


@dataclass(slots=True)
class Known:
    """What is known of one model's samples, by problem. `lost`: asked, but not on their way: they wait to be asked
    again, or failed for good."""

    right: array[int]
    wrong: array[int]
    pending: array[int]
    lost: array[int]
