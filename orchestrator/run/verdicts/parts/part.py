"""A part file, read: its set, its problems, its texts. It may be another person's, and larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from orchestrator.errors import InputError
from orchestrator.run.verdicts.parts.lines import (
    EndLine,
    InPart,
    PartLine,
    ProblemLine,
    SetOfVerdicts,
    TextLine,
    part_line,
    refuse_other_format,
)

_PROBLEM = b'{"line":"problem"'
_KEPT = 64
_AGAIN = "export the texts again, or copy the part again"


class Part:
    """Context manager. Raises InputError for what is no part, or not all of one."""

    set: SetOfVerdicts
    digest: str
    texts: int

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: list[int] = []
        self._kept: dict[int, ProblemLine] = {}
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise InputError(
                str(path), f"can't be read: {error.strerror or error}", "name a part of verify-export"
            ) from error
        try:
            self._look_through()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def problem(self, index: int) -> ProblemLine:
        """The problem at that place of the part, from 0. The last few are kept."""
        if index not in self._kept:
            self._file.seek(self._places[index])
            line = part_line(self._file.readline(), str(self.path))
            if not isinstance(line, ProblemLine):
                raise InputError(str(self.path), "it has changed meanwhile", _AGAIN)
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[index] = line
        return self._kept[index]

    def data(self, index: int) -> Mapping[str, Any]:
        return self.problem(index).data

    def problems(self) -> Iterator[ProblemLine]:
        return map(self.problem, range(len(self._places)))

    def read(self) -> Iterator[tuple[int, TextLine]]:
        """Each text, with its problem's place."""
        index = -1
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                found = self._line(line, number)
                if isinstance(found, ProblemLine):
                    index += 1
                elif isinstance(found, TextLine):
                    yield index, found

    def _look_through(self) -> None:
        digest, place, texts, last = sha256(), 0, 0, b""
        for number, line in enumerate(self._file, start=1):
            digest.update(line)
            if number == 1:
                self._begin(line)
            elif line.startswith(_PROBLEM):
                self._places.append(place)
            else:
                texts += 1
            place += len(line)
            last = line
        if not place:
            raise InputError(str(self.path), "the file is empty", "name a part of verify-export")
        end = self._line(last, texts + len(self._places) + 1) if texts and last.endswith(b"\n") else None
        if end != EndLine(problems=len(self._places), texts=texts - 1):
            raise InputError(str(self.path), "the part is not whole: lines are missing", _AGAIN)
        self.digest, self.texts = digest.hexdigest(), texts - 1

    def _begin(self, line: bytes) -> None:
        try:
            found = self._line(line, 1)
        except InputError:
            found = None
        if not isinstance(found, PartLine):
            raise InputError(str(self.path), "this is no part of verify-export", "name one of its files")
        refuse_other_format(found, str(self.path))
        self.set = found.set

    def _line(self, line: bytes, number: int) -> InPart:
        return part_line(line, f"{self.path}: line {number}")
