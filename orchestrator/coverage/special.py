"""The special functions in use, with types (scipy ships none)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import scipy.special as scipy_special  # pyright: ignore[reportMissingTypeStubs]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Real = float | NDArray[np.float64] | NDArray[np.int64]

_scipy = cast("Any", scipy_special)


def betaln(a: Real, b: Real) -> NDArray[np.float64]:
    """ln B(a, b)."""
    return _scipy.betaln(a, b)


def gammaln(x: Real) -> NDArray[np.float64]:
    return _scipy.gammaln(x)


def betaincinv(a: Real, b: Real, share: float) -> NDArray[np.float64]:
    """The `share` quantile of Beta(a, b)."""
    return _scipy.betaincinv(a, b, share)


def digamma(x: Real) -> NDArray[np.float64]:
    return _scipy.psi(x)


def trigamma(x: Real) -> NDArray[np.float64]:
    return _scipy.zeta(2, x)  # as scipy's own polygamma(1, x), without its detours


def ndtr(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the standard normal distribution below x."""
    return _scipy.ndtr(x)


def betainc(a: Real, b: Real, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of Beta(a, b) below x; a, b > 0."""
    return _scipy.betainc(a, b, x)
