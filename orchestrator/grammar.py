"""Counts with what they count, in the number that the count asks for."""

from __future__ import annotations


def many(number: int, noun: str) -> str:
    """`1 sample`, `0 samples`, `1,024 samples`. `noun`: in the singular, its last word the one that is counted."""
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def part_of(number: int, whole: int, noun: str) -> str:
    """`3 of 40 problems`, `1 of 1 problem`. A verb after it goes by `number`."""
    return f"{number:,} of {many(whole, noun)}"


def by(number: int, one: str, more: str) -> str:
    """The word for one, or the one for any other number: `by(failed, "was", "were")`."""
    return one if number == 1 else more


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
