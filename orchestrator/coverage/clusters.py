"""Problems that share something, such as issues of one repository, are alike: what varies anew is the clusters.

Clusters are numbers by problem, (problems,). The estimate stays the mean over problems; its uncertainty is that of new
problems of new clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 8
"""Effective clusters below which a band says little."""


def sizes(clusters: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of problems of each cluster, and each problem's place among them."""
    _, place, count = np.unique(clusters, return_inverse=True, return_counts=True)
    return count.astype(np.int64), place.reshape(-1).astype(np.int64)


def effective(clusters: NDArray[np.int64]) -> float:
    """As many clusters of one size as weigh the same (Kish 1965): few if one holds most problems."""
    count, _ = sizes(clusters)
    return float(count.sum() ** 2 / (count.astype(np.float64) ** 2).sum())


def summed(values: NDArray[np.float64], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each cluster, (clusters, columns). `values`: (problems, columns)."""
    count, place = sizes(clusters)
    found = np.zeros((len(count), values.shape[1]))
    np.add.at(found, place, values)
    return found


def variance(values: NDArray[np.float64], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each column's mean over problems, (columns,): cluster-robust (CR2: Bell and McCaffrey 2002), so that a cluster
    that pulls the mean to itself doesn't hide how far off it is. inf of a single cluster."""
    count, _ = sizes(clusters)
    if len(count) < 2:
        return np.full(len(values.T), np.inf)
    off = summed(values - values.mean(axis=0), clusters)
    kept = 1 - count.astype(np.float64) / len(values)
    found: NDArray[np.float64] = (off**2 / kept[:, np.newaxis]).sum(axis=0)
    found /= len(values) ** 2
    return found
