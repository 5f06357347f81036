"""The command on a terminal of a given size: what it sends there."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def on_terminal(
    *arguments: str, cwd: Path, size: tuple[int, int] = (80, 24), typed: bytes = b"", **environment: str
) -> tuple[int, str]:
    """(exit status, what the terminal got). `size`: columns and rows; `typed` is there from the start."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LESS", "PAGER", "COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    if typed:
        os.write(ours, typed)
    shown = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux: nobody holds the other end any more
            break
        if not read:
            break
        shown += read
    os.close(ours)
    return process.wait(30), shown.decode()
