"""A ledger is refused where SQLite's log can't be shared between processes, before anything is made there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.file import file_system
from orchestrator.ledger.file.file_system import LOCAL, NETWORK, refuse_unfit_place, what_is_lacking
from tests.orchestrator.run.sweeps import ROOT, SweepFile, run

SHM = Path("/dev/shm")
SHIM = ROOT / "tests/faults/no_sharing.c"
FUSE = ("fuse.glusterfs", "fuse.drive", "fuse.sshfs", "fuse.rclone")


@pytest.fixture
def mount():
    """A folder on a mount of its own kind, tmpfs."""
    mounts = Path("/proc/mounts")
    lines = mounts.read_text().splitlines() if mounts.exists() else []
    if not any(line.split()[1:3] == [str(SHM), "tmpfs"] for line in lines):
        pytest.skip("no tmpfs at /dev/shm here")
    folder = Path(tempfile.mkdtemp(dir=SHM))
    yield folder
    shutil.rmtree(folder)


def test_a_network_file_system_is_refused_with_a_local_place_named(tmp_path, mount, monkeypatch):
    monkeypatch.setattr(file_system, "NETWORK", frozenset({"tmpfs"}))
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
    assert {"nfs", "nfs4", "cifs", "smb3", "lustre", "9p", "virtiofs", *FUSE} <= NETWORK
    assert {"ext4", "xfs", "btrfs", "apfs", "tmpfs", "overlay"} <= LOCAL
    assert not LOCAL & NETWORK


def test_a_folder_of_an_unknown_kind_that_can_do_it_serves(mount, monkeypatch):
    monkeypatch.setattr(file_system, "LOCAL", frozenset[str]())
    refuse_unfit_place(mount / "deep" / "test.db")
    assert what_is_lacking(mount) is None
    assert list(mount.iterdir()) == []


@pytest.fixture(scope="module")
def shim(tmp_path_factory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and Linux's LD_PRELOAD")
    made = tmp_path_factory.mktemp("shim") / "no_sharing.so"
    built = [compiler, "-Wall", "-Werror", "-O1", "-shared", "-fPIC", "-o", str(made), str(SHIM), "-ldl"]
    subprocess.run(built, check=True)
    return made


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("memory", "(tmpfs): it gives processes no memory to share"),
        ("locks", "(tmpfs): its locks don't hold between processes"),
        ("nothing", ""),
    ],
)
def test_an_unknown_one_is_refused_for_what_it_can_not_do(mount, shim, lacks, said):
    """The kind is taken for an unknown one, and what it lacks is taken away below SQLite, in both processes."""
    script = (
        "import sys; from pathlib import Path; from orchestrator.ledger.file import file_system\n"
        "file_system.LOCAL = frozenset()\n"
        "file_system.refuse_unfit_place(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, str(mount / "test.db")],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LD_PRELOAD": str(shim),
            "NO_SHARING": lacks,
            "NO_SHARING_IN": str(mount),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == (1 if said else 0), done.stderr
    assert said in done.stderr
    assert list(mount.iterdir()) == []


def test_mounts_as_macos_lists_them(monkeypatch):
    listed = (
        "/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n"
        "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)\n"
        "//me@nas._smb._tcp.local/home on /Volumes/home (of me) (smbfs, nodev, nosuid, mounted by me)\n"
    )
    done = subprocess.CompletedProcess(["/sbin/mount"], 0, listed, "")
    monkeypatch.setattr(file_system.sys, "platform", "darwin")
    monkeypatch.setattr(file_system.subprocess, "run", lambda *_, **__: done)
    refuse_unfit_place(Path("/System/Volumes/Data/me/a.db"))
    with pytest.raises(InputError, match=r"network file system \(network\)"):
        refuse_unfit_place(Path("/Volumes/home (of me)/a.db"))


def test_a_mount_point_with_a_space_in_its_name(monkeypatch, tmp_path):
    place = tmp_path / "a folder"
    place.mkdir()
    text = f"none {str(place).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda *_: text)
    with pytest.raises(InputError, match="nfs4"):
        refuse_unfit_place(place / "a.db")
