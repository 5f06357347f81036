"""A wheel and an sdist of this tree, and the tools that install them. Needs `uv` and `pipx` on PATH and PyPI, so it is
run only with MANYFEW_PACKAGING=1, as CI does."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.orchestrator.run.sweeps import ROOT


@dataclass(frozen=True)
class Built:
    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Built:
    if os.environ.get("MANYFEW_PACKAGING") != "1":
        pytest.skip("installs from PyPI: MANYFEW_PACKAGING=1 with uv and pipx on PATH")
    assert shutil.which("uv")
    assert shutil.which("pipx")
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(["uv", "build", "-q", "--out-dir", out, ROOT], check=True, timeout=100)
    [wheel], [sdist] = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, sdist)
