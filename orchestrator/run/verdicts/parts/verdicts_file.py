"""A file of verdicts: appended in whole lines, so that whatever ends the process, what is there holds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.errors import InputError
from orchestrator.ledger.file.folder import sync_folder
from orchestrator.run.verdicts.parts.lines import (
    VerdictLine,
    VerdictsLine,
    refuse_other_format,
    verdicts_line,
    written,
)

_SYNC_S = 5.0
_OTHER = "name another file for the verdicts"


def read_head(path: Path) -> VerdictsLine:
    """What its first line says. Raises InputError for any other file."""
    for line in _whole_lines(path):
        try:
            found = verdicts_line(line, str(path))
        except InputError:
            break
        if isinstance(found, VerdictsLine):
            refuse_other_format(found, str(path))
            return found
        break
    raise InputError(str(path), "this is no file of verdicts", "name a file that `verify-part` wrote")


def read_verdicts(path: Path) -> Iterator[tuple[str, VerdictLine]]:
    """Each verdict with its place, as "FILE: line N". A last line that isn't whole is left out."""
    for number, line in enumerate(_whole_lines(path), start=1):
        where = f"{path}: line {number}"
        found = verdicts_line(line, where)
        if isinstance(found, VerdictLine):
            _check_digest(found, where)
            yield where, found
        elif number > 1:
            raise InputError(where, "the file begins anew here", "give each part a file of its own")


class VerdictsFile:
    """Context manager: the file of one part, to be appended to by this process alone. Raises InputError."""

    def __init__(self, path: Path, head: VerdictsLine) -> None:
        self.path = path
        self._head = head
        self._synced = time.monotonic()
        self.there: dict[tuple[str, str, bytes], bool | None] = {}
        """What it holds already: sweep, problem and digest of each text, and its verdict."""

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._hold()
            self._continue()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._sync()
        finally:
            os.close(self._descriptor)

    def append(self, lines: Iterable[VerdictLine]) -> None:
        """Returns when they are the system's; a power cut may cost the last seconds."""
        self._write(b"".join(map(written, lines)))
        if time.monotonic() - self._synced > _SYNC_S:
            self._sync()

    def _hold(self) -> None:
        """Two processes would judge everything twice. Where a file system has no locks, that is all they do."""
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(str(self.path), "another process is writing it", "wait for it") from None
        except OSError:
            return

    def _continue(self) -> None:
        size = os.fstat(self._descriptor).st_size
        whole = sum(map(len, _whole_lines(self.path)))
        if whole == 0 and (size == 0 or os.pread(self._descriptor, 1, 0) == b"{"):
            os.ftruncate(self._descriptor, 0)
            self._write(written(self._head))
            self._sync()
            sync_folder(self.path.resolve().parent)
            return
        found = read_head(self.path)
        if found.of != self._head.of or found.set != self._head.set:
            raise InputError(str(self.path), "it holds the verdicts of another part", _OTHER)
        for _, line in read_verdicts(self.path):
            self.there[line.sweep, line.problem, line.digest] = line.passed
        os.ftruncate(self._descriptor, whole)  # a line that its process did not live to finish

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise self._unwritable(error) from error

    def _sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._unwritable(error) from error
        self._synced = time.monotonic()

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(str(self.path), f"can't be written: {error.strerror or error}", _OTHER)


def _whole_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from (line for line in file if line.endswith(b"\n"))
    except OSError as error:
        raise InputError(
            str(path), f"can't be read: {error.strerror or error}", "check its name and its permissions"
        ) from error


def _check_digest(found: VerdictLine, where: str) -> None:
    try:
        length = len(found.digest)
    except ValueError:
        length = 0
    if length != 16:
        raise InputError(where, "it names no text", "judge the part again")
