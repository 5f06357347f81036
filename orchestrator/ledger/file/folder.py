"""A folder whose new entries outlive a power cut: POSIX asks for a sync of the folder itself."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

_CANNOT = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems say that sync no folders; they keep entries in their own way."""


def make_folder(folder: Path) -> None:
    """Makes the folder, and those above it that are missing, durably."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """What was made, renamed or removed in it is on the disk when this returns."""
    if os.name == "nt":  # opens no folders; NTFS keeps a journal of its entries
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        _reach_platter(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(descriptor)


def _reach_platter(descriptor: int) -> None:
    """On macOS fsync stops at the disk's cache."""
    import fcntl

    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        with suppress(OSError):
            fcntl.fcntl(descriptor, full)
