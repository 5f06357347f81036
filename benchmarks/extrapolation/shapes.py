"""How pass rates are spread over problems, for `python -m benchmarks.extrapolation`. Each draws `problems` rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


def beta(a: float, b: float, scale: float = 1.0) -> Draw:
    return lambda generator, problems: scale * generator.beta(a, b, problems)


def logit_normal(mean: float, sd: float) -> Draw:
    return lambda generator, problems: _expit(generator.normal(mean, sd, problems))


def mixture(*parts: tuple[float, Draw]) -> Draw:
    """(weight, draw) each; what the weights lack of 1 is never solved."""

    def draw(generator: np.random.Generator, problems: int) -> NDArray[np.float64]:
        shares = np.cumsum([weight for weight, _ in parts])
        kind = np.searchsorted(shares, generator.random(problems), side="right")
        drawn = [one(generator, problems) for _, one in parts]
        return np.choose(kind, [*drawn, np.zeros(problems)])

    return draw


def atoms(*parts: tuple[float, float]) -> Draw:
    """(weight, rate) each."""
    return lambda generator, problems: generator.choice(
        [rate for _, rate in parts], problems, p=[weight for weight, _ in parts]
    )


def kumaraswamy(a: float, b: float) -> Draw:
    return lambda generator, problems: (1 - generator.random(problems) ** (1 / b)) ** (1 / a)


def log_uniform(low: float, high: float) -> Draw:
    return lambda generator, problems: np.exp(generator.uniform(np.log(low), np.log(high), problems))


def log_normal(mean: float, sd: float) -> Draw:
    return lambda generator, problems: np.minimum(np.exp(generator.normal(mean, sd, problems)), 1.0)


def logit_t(mean: float, scale: float, degrees: float) -> Draw:
    return lambda generator, problems: _expit(mean + scale * generator.standard_t(degrees, problems))


def log_gamma(shape: float, scale: float) -> Draw:
    """−ln p is a Gamma variable."""
    return lambda generator, problems: np.exp(-scale * generator.gamma(shape, size=problems))


def _expit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


KNOWN: Mapping[str, Draw] = {
    "Beta(.4,3)": beta(0.4, 3),
    "Beta(.2,5)": beta(0.2, 5),
    ".3*Beta(.4,1)": beta(0.4, 1, 0.3),
    "Beta(.4,3), 15% zeros": mixture((0.85, beta(0.4, 3))),
    "logitN(-4,3)": logit_normal(-4, 3),
    ".6Beta(.3,30)+.4Beta(5,2)": mixture((0.6, beta(0.3, 30)), (0.4, beta(5, 2))),
}
"""The six that methods were compared on before."""

UNTUNED: Mapping[str, Draw] = {
    ".85Beta(.35,8)+.15Beta(6,2)": mixture((0.85, beta(0.35, 8)), (0.15, beta(6, 2))),
    "logitN(-3,2)": logit_normal(-3, 2),
    "logitN(-6,4)": logit_normal(-6, 4),
    "Kumaraswamy(.3,2)": kumaraswamy(0.3, 2),
    "atoms .3 .03 .003 0": atoms((0.4, 0.3), (0.25, 0.03), (0.2, 0.003), (0.15, 0.0)),
    "log-uniform 1e-5 to .5": log_uniform(1e-5, 0.5),
    ".5 at .2 + .5Beta(.5,20)": mixture((0.5, atoms((1.0, 0.2))), (0.5, beta(0.5, 20))),
    "Beta(.6,3), 30% zeros": mixture((0.7, beta(0.6, 3))),
    "Beta(1.2,60)": beta(1.2, 60),
    "logit-t3(-4,2)": logit_t(-4, 2, 3),
    "logN(-5,2)": log_normal(-5, 2),
    ".5Beta(.25,2)+.5Beta(2,40)": mixture((0.5, beta(0.25, 2)), (0.5, beta(2, 40))),
}
"""Written down before any method was fitted to anything; nothing was chosen by them."""
