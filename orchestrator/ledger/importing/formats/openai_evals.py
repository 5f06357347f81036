"""Output items of runs of OpenAI's hosted Evals: each with the sample and what its graders said."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.ledger.importing.json_stream import entries, opened, records
from orchestrator.ledger.importing.line import Billed, Line, Wrong, checked_values
from orchestrator.ledger.importing.look import Look, as_list, as_object, look
from orchestrator.ledger.importing.reader import FileReader, Lost, Options, Taken
from orchestrator.ledger.importing.typed import converted
from pricing.types import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ITEM = "eval.run.output_item"
_SEVERAL = 20


class _Message(msgspec.Struct):
    role: str = ""
    content: Any = ""


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None


class _Sample(msgspec.Struct):
    input: list[_Message] | None = None
    output: list[_Message] | None = None
    model: str | None = None
    finish_reason: str | None = None
    usage: _Usage | None = None
    error: Any = None


class _Grade(msgspec.Struct):
    name: str | None = None
    passed: bool | None = None
    score: float | None = None


class _RunItem(msgspec.Struct):
    sample: _Sample
    results: list[_Grade] | None = None
    datasource_item_id: int | str | None = None
    id: str | None = None
    created_at: float | None = None


def is_openai_evals(seen: Look) -> bool:
    if seen.keys.get("object") == _ITEM or seen.has("sample", "results"):
        return True
    first = next(iter(as_list(seen.keys.get("data"))), None)
    return as_object(first).get("object") == _ITEM


class OpenAIEvals(FileReader):
    """Items as lines, as an array, or as the API lists them."""

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        self._counts: Counter[tuple[str, str]] = Counter()

    def __iter__(self) -> Iterator[Taken | Lost]:
        for record, found in enumerate(self._items(), start=1):
            with self.at(record):
                item = converted(found, _RunItem)
                problem = str(item.datasource_item_id if item.datasource_item_id is not None else record - 1)
                alias = self.alias(item.sample.model)
                index = self._counts[alias, problem]
                self._counts[alias, problem] += 1
                if item.sample.error and not item.sample.output:
                    yield Lost(record, alias, problem, index, "error", str(item.sample.error)[:500])
                else:
                    yield Taken(record, self._line(alias, problem, index, item))

    def _items(self) -> Iterator[Any]:
        seen = look(self.file)
        with opened(self.file) as raw:
            if seen.has("data"):
                yield from (value for _, key, value in entries(raw, {"data"}) if key == "data")
            else:
                yield from (value for _, value in records(raw))

    def _line(self, alias: str, problem: str, index: int, item: _RunItem) -> Line:
        sample, usage = item.sample, item.sample.usage
        grade = self._grade(item.results or [])
        values = {
            "text": _last(sample.output, "assistant") or "",
            "finish_reason": sample.finish_reason,
            "prompt_tokens": None if usage is None else usage.prompt_tokens,
            "completion_tokens": None if usage is None else usage.completion_tokens,
            "cached_tokens": None if usage is None else usage.cached_tokens,
            "request": item.id,
            "created_at": item.created_at,
            "passed": None if grade is None or grade.passed is None else int(grade.passed),
            "score": None if grade is None else grade.score,
        }
        about = {"problem": problem, "question": _last(sample.input, "user")}
        judged = grade is not None and grade.passed is not None
        return checked_values(
            alias,
            index,
            about,
            values,
            cost_pico=None,
            provider="openai",
            judge=grade.name or "openai-evals" if grade is not None and judged else None,
            billed=() if usage is None else _billed(sample.model, usage),
        )

    def _grade(self, grades: list[_Grade]) -> _Grade | None:
        named = [grade for grade in grades if grade.name == self.options.scorer]
        if self.options.scorer is not None and named:
            return named[0]
        if len(grades) > 1 or (self.options.scorer is not None and grades):
            names = ", ".join(str(grade.name) for grade in grades[:_SEVERAL])
            raise Wrong(f"results are of the graders {names}", "choose one of them with --scorer NAME")
        return grades[0] if grades else None


def _billed(model: str | None, usage: _Usage) -> tuple[Billed, ...]:
    if model is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return ()
    tokens = Tokens(
        input=usage.prompt_tokens, output=usage.completion_tokens, cached=usage.cached_tokens or 0
    )
    return (Billed(f"openai/{model}", tokens),)


def _last(messages: list[_Message] | None, role: str) -> str | None:
    of_role = [message for message in messages or () if message.role == role]
    content = of_role[-1].content if of_role else None
    texts = [as_object(part).get("text") for part in as_list(content)]
    if texts:
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else None
