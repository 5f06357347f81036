"""What a server's log says last: for the screen, and of why it died."""

from __future__ import annotations

import re
from pathlib import Path

TAIL_BYTES = 64 << 10
ERROR_LINES = 3
_ERROR = re.compile(
    r"error|exception|fatal|failed|killed|out of memory|cannot|can't|no such|not found|refused", re.IGNORECASE
)
_NOISE = re.compile(r"^\s*(File \"|\^+\s*$|Traceback|--- \d{4}-)")
_PORT_TAKEN = re.compile(
    r"address already in use|EADDRINUSE|errno 98\b|port \d+ is (already )?(in use|taken)|couldn't bind",
    re.IGNORECASE,
)
_OUT_OF_MEMORY = re.compile(
    r"out of memory|OutOfMemory|\boom\b|cannot allocate memory|MemoryError|"
    r"free memory on device|no available memory for the cache blocks|larger than the available KV cache memory",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class ServerLog:
    """One start's part of a log file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._from = path.stat().st_size if path.exists() else 0

    def size(self) -> int:
        """Changes whenever something was written."""
        try:
            stat = self.path.stat()
        except OSError:
            return 0
        return stat.st_mtime_ns ^ stat.st_size

    def last_line(self) -> str | None:
        """The last that is no blank; of a progress bar its last state."""
        return next((line for line in reversed(self._lines(4 << 10))), None)

    def errors(self) -> str:
        """The last lines that speak of an error, else the last lines."""
        lines = [line for line in self._lines(TAIL_BYTES) if not _NOISE.match(line)]
        found = [line for line in lines if _ERROR.search(line)] or lines
        return " | ".join(line[-240:] for line in found[-ERROR_LINES:])

    def port_taken(self) -> bool:
        return any(map(_PORT_TAKEN.search, self._lines(TAIL_BYTES)))

    def out_of_memory(self) -> bool:
        return any(map(_OUT_OF_MEMORY.search, self._lines(TAIL_BYTES)))

    def _lines(self, most: int) -> list[str]:
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, 2)
                begin = self._from if self._from <= end else 0  # the log went on in a new file
                file.seek(max(begin, end - most))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        lines = (_CONTROL.sub("", line).strip() for line in re.split(r"[\r\n]+", text))
        return [line for line in lines if line and not line.startswith("--- ")]
