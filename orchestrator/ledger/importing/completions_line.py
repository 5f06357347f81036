"""Lines of HumanEval's `samples.jsonl` (task_id, completion), as human-eval, EvalPlus and many others write them; or of
the results that human-eval writes beside it, which have `passed` too. A task's samples are numbered as they come."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from orchestrator.ledger.importing.line import Line, Wrong, checked_values, decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_KNOWN = frozenset(["task_id", "completion", "solution", "passed", "result", "completion_id"])
_REMEDY = "every line needs task_id and completion"


def is_completions(raw: bytes) -> bool:
    """Recognised by a file's first line."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "task_id" in found and "problem" not in found


class Completions:
    """Reads line after line of one file. `model`: what the samples are of, since no line says it."""

    def __init__(self, model: str, cost_pico: int | None) -> None:
        """`cost_pico`: of each sample; None: not known."""
        self._model = model
        self._cost_pico = cost_pico
        self._seen: Counter[str] = Counter()

    def parse(self, raw: bytes) -> Line:
        """Raises Wrong."""
        found = decode(raw)
        task, text = found.get("task_id"), _text(found)
        if not isinstance(task, str):
            raise Wrong("has no task_id", _REMEDY)
        passed = found.get("passed")
        if passed is not None and not isinstance(passed, bool):
            raise Wrong("passed is neither true nor false", "as human-eval writes it, or leave it out")
        line = checked_values(
            self._model,
            self._seen[task],
            {"problem": task},
            {"text": text, "passed": None if passed is None else int(passed)},
            cost_pico=self._cost_pico,
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
