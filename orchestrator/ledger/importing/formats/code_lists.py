"""Lists of programs: LiveCodeBench's evaluated answers, and the generations of bigcode-evaluation-harness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.ledger.importing.json_stream import opened, records
from orchestrator.ledger.importing.line import Wrong, checked_values
from orchestrator.ledger.importing.look import Look
from orchestrator.ledger.importing.reader import FileReader, Options, Taken, stem
from orchestrator.ledger.importing.typed import converted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIVECODEBENCH = "livecodebench"


class _Answers(msgspec.Struct):
    question_id: str | int
    code_list: list[str | None]
    graded_list: list[bool | int]
    """Some versions write 1 and 0, or negative codes for programs that ended in an error."""
    question_content: str | None = None


def is_livecodebench(seen: Look) -> bool:
    return seen.has("code_list")


def is_generations(seen: Look) -> bool:
    first = seen.first
    return seen.kind == "array" and isinstance(first, list) and (not first or isinstance(first[0], str))


class LiveCodeBench(FileReader):
    """`*_eval_all.json`: a question, its programs, and for each whether it passed."""

    def __iter__(self) -> Iterator[Taken]:
        alias = self.options.model or stem(self.file)
        with opened(self.file) as raw:
            for record, (_, found) in enumerate(records(raw), start=1):
                with self.at(record):
                    one = converted(found, _Answers)
                    if len(one.code_list) != len(one.graded_list):
                        programs = many(len(one.code_list), "program")
                        message = f"has {programs} and {len(one.graded_list):,} in graded_list"
                        raise Wrong(message, "a grade a program")
                    about = {"problem": str(one.question_id), "question": one.question_content}
                    for index, (code, passed) in enumerate(zip(one.code_list, one.graded_list, strict=True)):
                        values = {"text": code or "", "passed": int(passed > 0)}
                        line = checked_values(
                            alias, index, about, values, cost_pico=None, judge=LIVECODEBENCH
                        )
                        yield Taken(record, line)


class Generations(FileReader):
    """`generations.json`: a list of programs for each problem of `--source`, in its order."""

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        self._alias = options.model or stem(file)

    def __iter__(self) -> Iterator[Taken]:
        keys = self.options.keys
        if keys is None:
            message = "doesn't say which problems its texts are for"
            raise InputError(str(self.file), message, "name them, in their order: --source humaneval")
        record = 0
        with opened(self.file) as raw:
            for record, (_, found) in enumerate(records(raw), start=1):
                with self.at(record):
                    texts: list[Any] = converted(found, list[str])
                    if record > len(keys):
                        raise Wrong(
                            f"is beyond the {many(len(keys), 'problem')} of the source",
                            "name the right --source",
                        )
                    for index, text in enumerate(texts):
                        about = {"problem": keys[record - 1]}
                        yield Taken(
                            record, checked_values(self._alias, index, about, {"text": text}, cost_pico=None)
                        )
        if record < len(keys):
            self.notes.append(
                f"{self.file.name} holds the first {record:,} of the source's {many(len(keys), 'problem')}."
            )
