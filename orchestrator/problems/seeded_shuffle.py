"""Seeded draws that give the same result on every Python version: only `Random.random()` is guaranteed to."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence
from random import Random
from typing import Any


def seeded(*parts: object) -> Random:
    """A generator that depends on the parts alone, never on the process's hash seed."""
    digest = hashlib.sha256(
        "\x1f".join(str(part) for part in parts).encode("utf-8", "surrogatepass")
    ).digest()
    return Random(int.from_bytes(digest))  # noqa: S311 - a draw, not a secret


def shuffle(items: MutableSequence[Any], rng: Random) -> None:
    """Fisher-Yates, in place."""
    for last in range(len(items) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        items[last], items[other] = items[other], items[last]


def sample_indices(population: int, count: int, rng: Random) -> list[int]:
    """`count` distinct indices of `population`, in the order drawn; count <= population."""
    chosen: dict[int, None] = {}
    while len(chosen) < count:
        chosen.setdefault(int(rng.random() * population))
    return list(chosen)
