"""Whether a ledger can lie on a file system: SQLite's log needs memory that processes share, and locks that hold
between them. Network file systems give neither to other machines; of an unknown one it is tried out."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.ledger.file.one_name import resolved

_PLAIN = "ext2 ext3 ext4 xfs btrfs zfs bcachefs f2fs jfs reiserfs ntfs3 tmpfs ramfs overlay aufs apfs hfs ufs"
LOCAL = frozenset(_PLAIN.split())
"""Known to serve: they are not tried out."""

_KERNEL = (
    "nfs nfs3 nfs4 cifs smb smb2 smb3 smbfs afpfs webdav afs coda lustre gpfs beegfs wekafs glusterfs ceph 9p"
)
_GUEST = "virtiofs vboxsf prl_fs vmhgfs fakeowner drvfs orangefs pvfs2 ncpfs"
_FUSE = (
    "sshfs s3fs gcsfuse glusterfs drive rclone ceph ceph-fuse juicefs mfs moosefs lizardfs saunafs goofys blobfuse "
    "blobfuse2 mountpoint-s3 seaweedfs hdfs fuse_dfs onedriver google-drive-ocamlfuse curlftpfs smbnetfs davfs "
    "gvfsd-fuse vmhgfs-fuse alluxio-fuse cvmfs2"
)
NETWORK = frozenset([*f"{_KERNEL} {_GUEST}".split(), *(f"fuse.{name}" for name in _FUSE.split())])
"""Known to share files between machines, though two processes of one machine may get along there."""

NOT_LOCAL = "network"
"""Of a mount that macOS does not call local, whatever its kind."""

_OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
def free():
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    connection.execute("ROLLBACK")
    return True
print(free(), flush=True)
sys.stdin.readline()
print(connection.execute("SELECT count(*) FROM t").fetchone()[0], free(), flush=True)
"""
_TRIED_WITHIN_S = 20.0
_NO_MEMORY = "it gives processes no memory to share"


def refuse_unfit_place(path: Path) -> None:
    """Raises InputError if the ledger at `path` can't be written safely. What is tried out leaves nothing behind."""
    kind = _file_system(path)
    if kind in NETWORK or kind == NOT_LOCAL:
        raise _refusal(path, f"the ledger can't lie on a network file system ({kind})")
    if kind is None or kind in LOCAL:
        return
    lacking = what_is_lacking(_nearest(resolved(path).parent))
    if lacking is not None:
        raise _refusal(path, f"the ledger can't lie on this file system ({kind}): {lacking}")


def what_is_lacking(folder: Path) -> str | None:
    """What SQLite needs and the folder's file system lacks, as two processes find; None if it has all, and if
    nothing can be written."""
    if not os.access(folder, os.W_OK):
        return None
    try:
        with tempfile.TemporaryDirectory(prefix=".manyfew-", dir=folder) as made:
            return _tried(Path(made) / "trial.db")
    except sqlite3.Error as error:
        if error.sqlite_errorname.startswith("SQLITE_IOERR_SHM"):
            return _NO_MEMORY
        return f"SQLite can't work there ({error})"
    except OSError:
        return None  # no room, say: who makes the ledger says so


def _tried(trial: Path) -> str | None:
    with closing(sqlite3.connect(trial, isolation_level=None)) as connection:
        if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            return _NO_MEMORY
        connection.execute("CREATE TABLE t (x)")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (1)")
        asked = [sys.executable, "-I", "-c", _OTHER, str(trial)]
        with subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:  # noqa: S603
            assert other.stdin is not None
            assert other.stdout is not None
            free = other.stdout.readline()
            connection.execute("COMMIT")
            said, _ = other.communicate("go on\n", timeout=_TRIED_WITHIN_S)
    if free.strip() == "True":
        return "its locks don't hold between processes"
    if said.split() != ["1", "True"]:
        return "one process doesn't see there what another has written"
    return None


def _refusal(path: Path, message: str) -> InputError:
    return InputError(str(path), message, f"name a local place, such as --db {Path.home() / path.name}")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _file_system(path: Path) -> str | None:
    """The kind of the mount that holds `path`, if the system says."""
    place, best, kind = str(resolved(path)), "", None
    for point, name in _mounts():
        inside = point == "/" or place == point or place.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind


def _mounts() -> list[tuple[str, str]]:
    """(mount point, kind), in the order they were made."""
    if sys.platform == "darwin":
        try:
            said = subprocess.run(
                ["/sbin/mount"], capture_output=True, text=True, timeout=5, check=True
            ).stdout
        except (OSError, subprocess.SubprocessError):
            return []
        return [_of_macos(*found) for found in re.findall(r"^.+? on (/.*) \(([^)]*)\)$", said, re.MULTILINE)]
    try:
        lines = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    fields = (line.split(" ") for line in lines)
    return [(_unescaped(one[1]), one[2]) for one in fields if len(one) > 2]


def _of_macos(point: str, said: str) -> tuple[str, str]:
    kind, *flags = said.split(", ")
    return point, kind if "local" in flags else NOT_LOCAL


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
