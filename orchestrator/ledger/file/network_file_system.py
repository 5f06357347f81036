"""A ledger is refused on a network file system: WAL needs shared memory between processes, which those don't give."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import InputError

NETWORK_FILE_SYSTEMS = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb3",
        "smbfs",
        "afs",
        "lustre",
        "gpfs",
        "beegfs",
        "glusterfs",
        "ceph",
        "9p",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.gcsfuse",
    ]
)


def refuse_network_file_system(path: Path) -> None:
    """WAL needs shared memory between processes, which network file systems do not give."""
    kind = _file_system(path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise InputError(
            str(path),
            f"the ledger can't lie on a network file system ({kind})",
            f"name a local place, such as --db {Path.home() / path.name}",
        )


def _file_system(path: Path) -> str | None:
    """The type of the mount that holds `path`, where the system tells (Linux's /proc/mounts)."""
    try:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    place, best, kind = str(path.resolve()), "", None
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = point == "/" or place == point or place.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind
