"""Shapes of pass rates drawn at random, for `python -m benchmarks.extrapolation`: mixtures of one to three components
of random kind, parameters and shares, every second one with up to 30% of problems that are never solved; those
whose coverage at 100 samples lies between .1 and .97, where something is left to foretell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.extrapolation.shapes import (
    atoms,
    beta,
    kumaraswamy,
    log_gamma,
    log_uniform,
    logit_normal,
    logit_t,
    mixture,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.extrapolation.shapes import Draw

    Kind = Callable[[np.random.Generator], Draw]

TEST_SEED, FOREIGN_SEED = 2, 3
"""Nothing was chosen by the shapes that these give; methods may be chosen by those of other seeds."""
_NEVER, _MOST_NEVER = 0.5, 0.3
_SAMPLES, _INSIDE, _LOOK = 100, (0.1, 0.97), 20_000


def random_shapes(seed: int, count: int, kinds: Sequence[Kind]) -> Mapping[str, Draw]:
    generator = np.random.default_rng(seed)
    shapes: dict[str, Draw] = {}
    while len(shapes) < count:
        draw = _mixture(generator, kinds)
        rates = draw(np.random.default_rng(0), _LOOK)
        if _INSIDE[0] < np.mean(1 - (1 - rates) ** _SAMPLES) < _INSIDE[1]:
            shapes[f"random {len(shapes)}"] = draw
    return shapes


def _mixture(generator: np.random.Generator, kinds: Sequence[Kind]) -> Draw:
    weights = generator.dirichlet(np.ones(generator.integers(1, 4)))
    if generator.random() < _NEVER:
        weights *= 1 - generator.uniform(0, _MOST_NEVER)
    return mixture(
        *((weight, kinds[int(generator.integers(len(kinds)))](generator)) for weight in weights.tolist())
    )


def _between(generator: np.random.Generator, low: float, high: float) -> float:
    """Evenly in the logarithm."""
    return low * (high / low) ** generator.random()


def _any_beta(generator: np.random.Generator) -> Draw:
    return beta(_between(generator, 0.15, 3), _between(generator, 0.5, 100))


def _any_logit_normal(generator: np.random.Generator) -> Draw:
    return logit_normal(generator.uniform(-7, 0), generator.uniform(0.5, 4))


def _any_log_uniform(generator: np.random.Generator) -> Draw:
    low = _between(generator, 1e-6, 0.1)
    return log_uniform(low, _between(generator, 3 * low, 1))


def _any_kumaraswamy(generator: np.random.Generator) -> Draw:
    return kumaraswamy(_between(generator, 0.15, 3), _between(generator, 0.5, 50))


def _any_atoms(generator: np.random.Generator) -> Draw:
    weights = generator.dirichlet(np.ones(generator.integers(1, 5)))
    return atoms(*((weight, _between(generator, 1e-5, 0.9)) for weight in weights.tolist()))


def _any_logit_t(generator: np.random.Generator) -> Draw:
    return logit_t(generator.uniform(-7, 0), generator.uniform(0.5, 3), generator.uniform(2, 10))


def _any_log_gamma(generator: np.random.Generator) -> Draw:
    return log_gamma(_between(generator, 0.5, 8), _between(generator, 0.3, 4))


def _any_part_of_beta(generator: np.random.Generator) -> Draw:
    return beta(
        _between(generator, 0.15, 3), _between(generator, 0.5, 10), scale=_between(generator, 0.02, 0.9)
    )


COMMON: Sequence[Kind] = (_any_beta, _any_logit_normal, _any_log_uniform, _any_kumaraswamy, _any_atoms)
"""All but Kumaraswamy are kinds that manyfew's laws are mixed from, too."""
FOREIGN: Sequence[Kind] = (_any_kumaraswamy, _any_logit_t, _any_log_gamma, _any_part_of_beta)
"""Kinds that no law of manyfew's is made of."""
