"""A ledger is refused on a network file system, before anything is made there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.file import network_file_system
from tests.orchestrator.run.sweeps import SweepFile, run

SHM = Path("/dev/shm")


@pytest.fixture
def mount(monkeypatch):
    """A folder on a real mount whose kind is taken for a network's."""
    mounts = Path("/proc/mounts")
    lines = mounts.read_text().splitlines() if mounts.exists() else []
    if not any(line.split()[1:3] == [str(SHM), "tmpfs"] for line in lines):
        pytest.skip("no tmpfs at /dev/shm here")
    monkeypatch.setattr(network_file_system, "NETWORK_FILE_SYSTEMS", frozenset({"tmpfs"}))
    folder = Path(tempfile.mkdtemp(dir=SHM))
    yield folder
    shutil.rmtree(folder)


def test_it_is_refused_with_a_local_place_named(tmp_path, mount):
    model = {
        "provider": "openai-compatible",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "price": {"input": 1.0, "output": 1.0},
    }
    with pytest.raises(InputError) as error:
        run(SweepFile({"m": model}).write(tmp_path), mount / "deep" / "test.db")
    assert "network file system (tmpfs)" in str(error.value)
    assert f"--db {Path.home() / 'test.db'}" in str(error.value)
    assert list(mount.iterdir()) == []


def test_the_kinds_that_are_known():
    assert {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "lustre",
        "fuse.sshfs",
        "9p",
    } <= network_file_system.NETWORK_FILE_SYSTEMS
    assert not {"ext4", "xfs", "btrfs", "apfs", "tmpfs", "overlay"} & network_file_system.NETWORK_FILE_SYSTEMS
