"""The same problems, as if fewer samples had been drawn."""

from __future__ import annotations

import numpy as np

from orchestrator.coverage.samples import Samples

_SEED = 20240731


def thinned(samples: Samples, most: int) -> Samples:
    """At most `most` samples a problem: of a fixed number a random part, without replacement; of those sampled until
    solved the first ones."""
    n = np.minimum(samples.n, most)
    if samples.first is None:
        drawn = np.random.default_rng(_SEED).hypergeometric(samples.c, samples.n - samples.c, n)
        return Samples(n, drawn.astype(np.int64), samples.cost, cluster=samples.cluster)
    first = np.where(samples.first <= most, samples.first, 0)
    solved = (first > 0).astype(np.int64)
    return Samples(np.where(first > 0, first, n), solved, samples.cost, first, cluster=samples.cluster)
