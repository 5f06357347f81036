"""What a job reads from its stdin, whole before it starts: no thread has to feed it."""

from __future__ import annotations

import os
import tempfile
from typing import IO


def input_file(data: bytes) -> IO[bytes]:
    """A file without a name, in memory if the system has that. The caller closes it."""
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("input"), "w+b", buffering=0)
    else:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - handed on
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    file.seek(0)
    return file
