"""Source `mmlu-pro`: multiple choice with up to ten options (MMLU-Pro, Wang et al. 2024), from the hub or a local file
of the same form: question, options (or choices), and answer (a letter, or an option's number)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.problems.rows import field, hub_rows, read_rows
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "TIGER-Lab/MMLU-Pro"
LETTERS = "ABCDEFGHIJ"
CHAT = (
    "{question}\n\n{shown_options}\n\nReason step by step. Then finish with a last line of the form\n"
    "The answer is (X)\nwhere X is the letter of the right option."
)
COMPLETION = "Question: {question}\nOptions:\n{shown_options}\nAnswer:"
_FORM = 'this is not the form of MMLU-Pro; for other files source = "jsonl"'


class MmluPro:
    """Keys are question_id or id, else mmlu-pro/N, N the row from 0."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "choice", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return COMPLETION if api == "completions" else CHAT

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        dataset = spec.dataset or DATASET
        rows = hub_rows(dataset, spec.split, spec.subset) if spec.path is None else read_rows(spec.path)
        where = f"{dataset} {spec.split}" if spec.path is None else str(spec.path)
        seen: set[str] = set()
        for number, row in rows:
            problem = _problem(row, number, f"{where}:{number}")
            if problem.key in seen:
                raise InputError(f"{where}:{number}", f"id {problem.key!r} appears twice", "keep one of them")
            seen.add(problem.key)
            yield problem


def _problem(row: Mapping[str, Any], number: int, where: str) -> Problem:
    question, options = _value(row, "question"), _value(row, "options", "choices")
    if not isinstance(question, str) or not question.strip():
        raise InputError(where, "no question as text", _FORM)
    texts = cast("list[Any]", options) if isinstance(options, list) else []
    if not 2 <= len(texts) <= len(LETTERS) or not all(isinstance(text, str) for text in texts):
        raise InputError(where, f"options are not 2 to {len(LETTERS)} texts", _FORM)
    shown = "\n".join(f"({letter}) {text}" for letter, text in zip(LETTERS, texts, strict=False))
    data = {
        "question": question,
        "options": texts,
        "shown_options": shown,
        "answer": _letter(row, len(texts), where),
        "category": _value(row, "category", "subject"),
    }
    key = _value(row, "question_id", "id")
    return Problem(f"mmlu-pro/{number - 1}" if key is None else str(key), data)


def _letter(row: Mapping[str, Any], options: int, where: str) -> str:
    answer = _value(row, "answer", "answer_index")
    if isinstance(answer, str) and answer.strip().isdecimal():
        answer = int(answer)
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < options:
        return LETTERS[answer]
    letter = answer.strip().strip("().").upper() if isinstance(answer, str) else ""
    if len(letter) == 1 and letter in LETTERS[:options]:
        return letter
    raise InputError(where, "answer is neither an option's letter nor its number from 0", _FORM)


def _value(row: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if (key := field(row, name)) is not None and row[key] is not None:
            return row[key]
    return None
