"""A Slurm of one's own, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.slurm.cluster import Cluster, lacking


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if (what := lacking()) is not None:
        pytest.skip(what)
    with Cluster(tmp_path_factory.mktemp("slurm") / "one") as started:
        yield started
