"""The program as it was released before: 0.1, taken from this repository's own history."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "53d27fe"
"""0.1, which has no tag."""


@pytest.fixture(scope="session")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its tree; skips where the history is not at hand."""
    try:
        archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"commit {COMMIT} is not at hand: no git, or a shallow clone")
    tree = tmp_path_factory.mktemp("former")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(tree, filter="data")
    return tree


def start_former(tree: Path, *arguments: str | Path, folder: Path) -> subprocess.Popen[str]:
    """`manyfew` of 0.1 as a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", *map(str, arguments)],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(tree)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
