"""`samples_TASK_DATE.jsonl` of lm-evaluation-harness (--log_samples): a line is a document and a filter, and holds all
the answers that were drawn for it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.errors import InputError
from orchestrator.grammar import by, many
from orchestrator.ledger.importing.formats.scores import verdict
from orchestrator.ledger.importing.json_stream import opened, records
from orchestrator.ledger.importing.line import Wrong, checked_values
from orchestrator.ledger.importing.look import Look, as_list, as_object
from orchestrator.ledger.importing.reader import FileReader, Options, Taken, stem
from orchestrator.ledger.importing.typed import converted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"samples_(?P<task>.+?)(_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+))?\.jsonl(\.gz)?", re.DOTALL)
_SEVERAL = 20
LARGEST_RESULTS = 64 << 20


class _Line(msgspec.Struct):
    doc_id: int | str
    resps: list[Any]
    doc: Any = None
    target: Any = None
    arguments: Any = None
    filter: str | None = None
    metrics: list[str] = []


def is_lm_eval(seen: Look) -> bool:
    return seen.has("doc_id", "resps") or seen.has("doc_id", "filtered_resps")


class LmEval(FileReader):
    """The samples of one filter. A metric judges the filtered answer, so it is a verdict only of a single sample."""

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        found = _NAME.fullmatch(file.name)
        self._task = found["task"] if found else stem(file).removeprefix("samples_")
        results = {} if options.model else _results(file, found["date"] if found else None)
        self._model = options.model or _model_of(results)
        date = results.get("date")
        self._date = float(date) if isinstance(date, int | float) and 0 <= date < 1e11 else None
        self._filter = options.filter
        self._filters: dict[str | None, int] = {}
        self._unjudged = 0

    @property
    def sweep(self) -> str:
        return self._task

    def where(self, record: int) -> str:
        return f"{self.file}:{record}"

    def __iter__(self) -> Iterator[Taken]:
        if self._model is None:
            message = "no results_*.json beside it says which model this is"
            raise InputError(str(self.file), message, "add --model NAME")
        with opened(self.file) as raw:
            for line, found in records(raw):
                with self.at(line):
                    yield from self._samples(line, found)
        self._finish()

    def _finish(self) -> None:
        names = [str(name) for name in self._filters if name is not None]
        if self.options.filter is not None and self.options.filter not in self._filters:
            there = ", ".join(names[:_SEVERAL]) or "none"
            raise InputError(
                str(self.file), f"no line is of the filter {self.options.filter!r}", f"there are: {there}"
            )
        if len(names) > 1 and self.options.filter is None:
            others = ", ".join(names[1:_SEVERAL])
            self.notes.append(
                f"Filter {names[0]} was taken of {self.file.name}; --filter takes another: {others}."
            )
        if self._unjudged:
            self.notes.append(
                f"{many(self._unjudged, 'document')} of {self.file.name} {by(self._unjudged, 'has', 'have')} several "
                "answers each, and lm-eval's metrics judge one filtered answer: their samples have no verdict yet."
            )

    def _samples(self, record: int, found: Any) -> Iterator[Taken]:
        line = converted(found, _Line)
        if line.filter not in self._filters and len(self._filters) >= 1000:
            raise Wrong("is of more than 1,000 filters", "this is not lm-eval's own format")
        self._filters[line.filter] = self._filters.get(line.filter, 0) + 1
        if self._filter is None and len(self._filters) == 1:
            self._filter = line.filter
        if line.filter != self._filter:
            return
        texts = _texts(line)
        passed, score, judge = self._verdict(line, found) if len(texts) == 1 else (None, None, None)
        self._unjudged += len(texts) > 1
        about = {
            "problem": f"{self._task}/{line.doc_id}",
            "question": _question(line),
            "gold": line.target,
        }
        assert self._model is not None
        for index, text in enumerate(texts):
            values = {"text": text, "passed": passed, "score": score, "created_at": self._date}
            yield Taken(
                record, checked_values(self._model, index, about, values, cost_pico=None, judge=judge)
            )

    def _verdict(self, line: _Line, found: dict[str, Any]) -> tuple[int | None, float | None, str | None]:
        metric = self.options.metric or (line.metrics[0] if len(line.metrics) == 1 else None)
        if metric is None:
            if line.metrics:
                raise Wrong(
                    f"metrics are several: {', '.join(line.metrics[:_SEVERAL])}", "choose one: --metric NAME"
                )
            return None, None, None
        if metric not in found:
            there = ", ".join(line.metrics[:_SEVERAL]) or "none"
            raise Wrong(f"has no metric {metric!r}", f"there are: {there}")
        try:
            passed, score = verdict(found[metric], self.options.pass_at)
        except Wrong as wrong:
            raise Wrong(f"{metric} {wrong.message}", wrong.remedy) from None
        name = metric if line.filter in (None, "none") else f"{metric},{line.filter}"
        return passed, score, name if passed is not None else None


def _texts(line: _Line) -> list[str]:
    if len(line.resps) > 1 or any(_is_choice(one) for one in line.resps):
        raise Wrong(
            "resps are log-probabilities of choices: multiple choice has one answer a question, and nothing to sample",
            "import tasks that generate text (output_type: generate_until)",
        )
    texts = line.resps if isinstance(next(iter(line.resps), ""), str) else as_list(line.resps[0])
    texts = [text[0] if len(as_list(text)) == 1 else text for text in texts]  # as some filters leave them
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise Wrong(f"resps[0][{at}] is not text", "import tasks that generate text")
    if not texts:
        raise Wrong("resps is empty", "this is not lm-eval's own format")
    return texts


def _is_choice(one: object) -> bool:
    """(log-probability, whether it is the greedy answer), maybe in a list of repeats."""
    while as_list(one):
        one = as_list(one)[0]
    return isinstance(one, int | float)


def _question(line: _Line) -> str | None:
    for name in ("question", "problem"):
        if isinstance(said := as_object(line.doc).get(name), str):
            return said
    first = line.arguments
    while parts := [*as_object(first).values(), *as_list(first)]:
        first = parts[0]
    return first if isinstance(first, str) else None


def _results(file: Path, date: str | None) -> dict[str, Any]:
    """The results beside the samples: of the same date, else the only ones."""
    if date is not None and (same := file.parent / f"results_{date}.json").is_file():
        found = [same]
    else:
        found = sorted(file.parent.glob("results*.json"))
    if len(found) != 1 or found[0].stat().st_size > LARGEST_RESULTS:
        return {}
    try:
        read: Any = json.loads(found[0].read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            str(found[0]), f"can't be read: {str(error)[:120]}", "mend it, or add --model NAME"
        ) from None
    return as_object(read)


def _model_of(results: dict[str, Any]) -> str | None:
    name = results.get("model_name")
    arguments = as_object(results.get("config")).get("model_args")
    if isinstance(name, str) and name:
        return name
    if isinstance(arguments, str):
        arguments = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
    for key in ("pretrained", "model", "engine"):
        if isinstance(named := as_object(arguments).get(key), str) and named:
            return named
    return None
