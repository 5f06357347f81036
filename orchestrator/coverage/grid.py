"""Which k are shown, fitted and searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EVERY_UP_TO = 100
_FINE = 300
_STEP = 1.02
"""Beyond, the search's k are 2% apart; between them coverage is interpolated."""


def one_two_five(above: int, up_to: int) -> NDArray[np.int64]:
    """1, 2, 5, 10, 20, 50 … with above < k <= up_to."""
    ks: list[int] = []
    decade = 1
    while decade <= up_to:
        ks += [step * decade for step in (1, 2, 5) if above < step * decade <= up_to]
        decade *= 10
    return np.array(ks, np.int64)


def shown(largest: int) -> NDArray[np.int64]:
    """1, 2, 5 … and `largest` itself; empty if it is 0."""
    if largest < 1:
        return np.array([], np.int64)
    return np.union1d(one_two_five(0, largest), [largest]).astype(np.int64)


def beyond(largest: int, factor: int = 100) -> NDArray[np.int64]:
    """The same steps from above `largest` up to `factor` times it."""
    return one_two_five(largest, factor * largest)


def spaced(largest: int, points: int) -> NDArray[np.int64]:
    """Up to `points` whole k from 1 to `largest`, evenly spaced in the logarithm."""
    if largest < 1:
        return np.array([], np.int64)
    return np.unique(np.rint(np.geomspace(1, largest, points)).astype(np.int64))


def dense(largest: int) -> NDArray[np.int64]:
    """Every k up to 100, then 2% apart, up to `largest`."""
    every = np.arange(1, min(largest, _EVERY_UP_TO) + 1, dtype=np.int64)
    if largest <= _EVERY_UP_TO:
        return every
    steps = int(np.ceil(np.log(largest / _EVERY_UP_TO) / np.log(_STEP))) + 1
    return np.union1d(every, np.rint(np.geomspace(_EVERY_UP_TO, largest, steps)).astype(np.int64))


def every(largest: int) -> NDArray[np.int64]:
    """Every k, or of more than 100 some 300 that are evenly spaced in the logarithm."""
    return np.arange(1, largest + 1, dtype=np.int64) if largest <= _EVERY_UP_TO else spaced(largest, _FINE)
