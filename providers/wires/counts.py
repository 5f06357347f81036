"""Counts of tokens as vendors state them: under several names, several times in a stream, as whole numbers or not."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from providers.reading.lenient_json import as_count, as_object

if TYPE_CHECKING:
    from collections.abc import Mapping


class Counts:
    """Reads counts of one usage. `nonsense`: one of those that were asked for is there and is no count."""

    def __init__(self) -> None:
        self.nonsense = False

    def largest(self, *places: tuple[Mapping[str, Any], str]) -> int | None:
        """Of one count under several names (blank-separated, in one or more objects) the largest: gateways fill the
        names that they don't know with zeros. None if none is there."""
        most: int | None = None
        for fields, names in places:
            if not fields:  # as most often
                continue
            for name in fields.keys() & _split(names):
                if (value := fields[name]) is None:
                    continue
                if (count := as_count(value)) is None:
                    self.nonsense = True
                elif most is None or count > most:
                    most = count
        return most


@cache
def _split(names: str) -> frozenset[str]:
    return frozenset(names.split())


def grown(usage: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """A usage and what a later event of the same reply states: counts of one reply only grow, so the larger of each
    number holds; of everything else the later."""
    merged = dict(usage)
    for name, value in told.items():
        before = merged.get(name)
        if value is None:
            continue
        if isinstance(value, dict):
            merged[name] = grown(as_object(before), cast("dict[str, Any]", value))
        elif isinstance(before, int | Decimal) and isinstance(value, int | Decimal):
            merged[name] = max(before, value)
        elif falls_below({name: value}, {name: before}, name):
            continue  # as texts
        elif not isinstance(before, int | Decimal):
            merged[name] = value  # a number stays, whatever else is said in its place
    return merged


def falls_below(told: Mapping[str, Any], usage: Mapping[str, Any], names: str) -> bool:
    """Whether one of these counts is stated lower than before."""
    pairs = ((as_count(told.get(name)), as_count(usage.get(name))) for name in names.split())
    return any(now is not None and before is not None and now < before for now, before in pairs)
