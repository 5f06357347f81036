"""The lines of part files and of files of verdicts: JSON, one object a line.

A part: `part`, then each problem (`problem`) followed by its texts (`text`), then `end`. A file of verdicts:
`verdicts`, then a line a text (`verdict`), in any order, appended while a part is judged: it is whole at any moment.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from orchestrator.errors import InputError
from orchestrator.ledger.verdict_sets.change import WantedSet

FORMAT = 1


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", forbid_unknown_fields=True):
    pass


class SetOfVerdicts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which set a verdict belongs to, and the limits that its verifier is made with."""

    name: str
    kind: str
    version: str
    options: dict[str, Any]
    timeout_s: float
    memory_mb: int

    @property
    def verifier(self) -> str:
        return f"{self.kind}/{self.version}"

    def wanted(self, where: str) -> WantedSet:
        """As the ledger takes it. `where` names the file that says so."""
        return WantedSet(
            name=self.name,
            kind=self.kind,
            version=self.version,
            options=self.options,
            where=where,
            remedy="export the texts again with --as and a name of its own",
        )


class PartLine(_Line, frozen=True, kw_only=True, tag="part"):
    """The first line of a part."""

    format: int
    manyfew: str
    part: int
    parts: int
    set: SetOfVerdicts


class ProblemLine(_Line, frozen=True, kw_only=True, tag="problem"):
    """A problem, before its texts."""

    sweep: str
    problem: str
    data: dict[str, Any]


class TextLine(_Line, frozen=True, kw_only=True, tag="text", omit_defaults=True):
    """A text of the problem above, and how it ended if that bears on its verdict."""

    text: str
    finish_reason: str | None = None


class EndLine(_Line, frozen=True, kw_only=True, tag="end"):
    """The last line: without it the part is not all there."""

    problems: int
    texts: int


class VerdictsLine(_Line, frozen=True, kw_only=True, tag="verdicts"):
    """The first line of a file of verdicts. `of`: the digest of the part that they are for."""

    format: int
    manyfew: str
    of: str
    judges_all: bool
    """Whether the verifier also judges texts that are wrong by how they ended: it gives their answers."""
    set: SetOfVerdicts


class VerdictLine(_Line, frozen=True, kw_only=True, tag="verdict", omit_defaults=True):
    """One text's verdict; `text` is the hexadecimal digest of the text and how it ended."""

    sweep: str
    problem: str
    text: str
    passed: bool | None
    answer: str | None = None
    score: float | None = None
    reason: str | None = None
    evidence: str | None = None

    @property
    def digest(self) -> bytes:
        return bytes.fromhex(self.text)


InPart = PartLine | ProblemLine | TextLine | EndLine
InVerdicts = VerdictsLine | VerdictLine
_PART: msgspec.json.Decoder[InPart] = msgspec.json.Decoder(InPart)
_VERDICTS: msgspec.json.Decoder[InVerdicts] = msgspec.json.Decoder(InVerdicts)
Lines = TypeVar("Lines")


def written(line: InPart | InVerdicts) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def part_line(line: bytes, where: str) -> InPart:
    return _read(_PART, line, where)


def verdicts_line(line: bytes, where: str) -> InVerdicts:
    return _read(_VERDICTS, line, where)


def refuse_other_format(found: PartLine | VerdictsLine, where: str) -> None:
    """Raises InputError for a file of another manyfew's format."""
    if found.format != FORMAT:
        message = f"it is of format {found.format}; this manyfew reads format {FORMAT}"
        raise InputError(where, message, f"use manyfew {found.manyfew}, which wrote it")


def _read(decoder: msgspec.json.Decoder[Lines], line: bytes, where: str) -> Lines:
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            where, f"the line can't be read: {error}", "export or judge the part again"
        ) from error
