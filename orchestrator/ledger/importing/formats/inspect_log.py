"""Logs of inspect_ai: `.eval`, a zip file with an entry a sample, and `.json`, one object with all samples inline."""

from __future__ import annotations

import re
import zipfile
from operator import add
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.errors import InputError
from orchestrator.ledger.importing.formats.inspect_sample import Sample, seconds
from orchestrator.ledger.importing.formats.scores import verdict
from orchestrator.ledger.importing.json_stream import entries, opened
from orchestrator.ledger.importing.line import Billed, Wrong, checked_values, pico_of
from orchestrator.ledger.importing.look import Look, as_object
from orchestrator.ledger.importing.reader import FileReader, Lost, Options, Taken
from orchestrator.ledger.importing.typed import converted, decoded
from orchestrator.ledger.importing.zip_entries import ZipEntries
from pricing.cost import split_equally
from pricing.types import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HEADER, START = "header.json", "_journal/start.json"
_SAMPLE = re.compile(r"samples/.*_epoch_[^/]*(?:/sample)?\.json", re.DOTALL)
_LENGTH = frozenset(["max_tokens", "model_length"])


class _Config(msgspec.Struct):
    epochs: int | None = None


class _Eval(msgspec.Struct):
    task: str
    model: str
    task_id: str = ""
    config: _Config | None = None
    packages: dict[str, Any] | None = None


class _Header(msgspec.Struct):
    eval: _Eval
    status: str | None = None


def _request(of: _Eval, sample: Sample) -> int | str | None:
    """manyfew's own logs say which samples shared one; the tool itself makes one for each."""
    if "manyfew" not in (of.packages or {}):
        return sample.uuid or f"{of.task_id}/{sample.id}/{sample.epoch}"
    said = (sample.metadata or {}).get("request")
    return said if isinstance(said, int | str) else None


def is_inspect(seen: Look) -> bool:
    if seen.kind == "zip":
        return HEADER in seen.names or START in seen.names
    return "task" in as_object(seen.keys.get("eval"))


class InspectLog(FileReader):
    """One log: a task by one model. A sample's index is its epoch − 1."""

    has_each_once = True

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        self._current: tuple[int, str, Sample | None] = (-1, "", None)
        self._header: _Header | None = None
        self._scorers: set[str] = set()

    @property
    def sweep(self) -> str:
        return self._of.task if self._header is not None else super().sweep

    def where(self, record: int) -> str:
        current, place, sample = self._current
        if record == current:
            named = f" (sample {str(sample.id)[:60]!r}, epoch {sample.epoch})" if sample is not None else ""
            return f"{self.file}: {place}{named}"
        return f"{self.file}: {self._place(record)}"

    def _place(self, record: int) -> str:
        """Of an earlier record, found anew: not every sample's name is kept."""
        if not zipfile.is_zipfile(self.file):
            return f"sample {record}"
        with ZipEntries(self.file) as archive:
            archive.find()
            return next(entry.name for at, entry in enumerate(archive.entries()) if at == record)[:200]

    def __iter__(self) -> Iterator[Taken | Lost]:
        with opened(self.file) as raw:
            is_zip = raw.read(2) == b"PK"
        yield from self._zipped() if is_zip else self._inline()
        if self._header is not None and self._header.status not in (None, "success"):
            self.notes.append(f"{self.file.name} is the log of an evaluation that did not finish.")
        if (scorer := self.options.scorer) is not None and self._scorers and scorer not in self._scorers:
            there = ", ".join(sorted(self._scorers))
            raise InputError(str(self.file), f"no sample has a score by {scorer!r}", f"there are: {there}")

    @property
    def _of(self) -> _Eval:
        assert self._header is not None
        return self._header.eval

    def _zipped(self) -> Iterator[Taken | Lost]:
        with ZipEntries(self.file) as archive:
            found = archive.find(HEADER, START)
            if not found:
                message = "is a zip file, but no log of inspect_ai: it has neither header.json nor a journal"
                raise InputError(str(self.file), message, "name an .eval file")
            head = found.get(HEADER) or found[START]
            self._head(head.name, decoded, archive.read(head))
            if head.name == START:
                self.notes.append(f"{self.file.name} is unfinished; the samples that it holds were taken.")
            for record, entry in enumerate(archive.entries()):
                if _SAMPLE.fullmatch(entry.name):
                    yield from self._sample(record, entry.name[:200], decoded, archive.read(entry))

    def _inline(self) -> Iterator[Taken | Lost]:
        """The header stands before the samples, as inspect_ai writes it; if not, the file is read twice."""
        early = number = 0
        status: Any = None
        with opened(self.file) as raw:
            for _, key, value in entries(raw, {"samples"}):
                if key == "samples" and value is not None:
                    if self._header is None:
                        early += 1
                        continue
                    number += 1
                    yield from self._sample(number, f"sample {number}", converted, value)
                elif key == "eval":
                    self._head("eval", converted, {"eval": value})
                elif key == "status":
                    status = value
        if self._header is None:
            raise InputError(
                str(self.file), "has no eval, which names task and model", "name a log of inspect_ai"
            )
        self._header = _Header(self._of, status if isinstance(status, str) else None)
        if early:
            with opened(self.file) as raw:
                for _, key, value in entries(raw, {"samples"}):
                    if key == "samples" and value is not None:
                        number += 1
                        yield from self._sample(number, f"sample {number}", converted, value)

    def _head(self, place: str, read: Any, value: Any) -> None:
        try:
            self._header = read(value, _Header)
        except Wrong as wrong:
            raise InputError(f"{self.file}: {place}", wrong.message, wrong.remedy) from None

    def _sample(self, record: int, place: str, read: Any, value: Any) -> Sequence[Taken | Lost]:
        self._current = (record, place, None)
        try:
            sample: Sample = read(value, Sample)
            self._current = (record, place, sample)
            return self._taken(record, sample)
        except Wrong as wrong:
            raise InputError(self.where(record), wrong.message, wrong.remedy) from None

    def _taken(self, record: int, sample: Sample) -> Sequence[Taken | Lost]:
        of, problem, epoch = self._of, str(sample.id), sample.epoch
        if epoch < 1:
            raise Wrong(f"epoch is {epoch}", "epochs are numbered from 1")
        choices = (sample.output and sample.output.choices) or []
        alias = self.options.model or of.model
        if not choices and sample.error is not None:
            error = sample.error
            said = error if isinstance(error, str) else error.message or ""
            return [Lost(record, alias, problem, epoch - 1, "error", said[:500])]
        passed, score, judge, answer = self._verdict(sample)
        billed, cost = self._bill(sample)
        count = max(1, len(choices))
        shares = [None] * count if cost is None else split_equally(cost, count)
        columns = _columns(billed, sample)
        epochs = max((of.config and of.config.epochs) or 1, epoch)
        about = {"problem": problem, "question": sample.question(), "gold": sample.gold()}
        request, created = _request(of, sample), seconds(sample.completed_at)
        taken: list[Taken] = []
        for at in range(count):
            text, reasoning = sample.said(choices[at].message) if choices else ("", None)
            reason = choices[at].stop_reason if choices else None
            values = columns if count == 1 else _split(columns, at, count)
            values["text"], values["reasoning"] = text, reasoning
            values["finish_reason"] = "length" if reason in _LENGTH else reason
            values["request"], values["latency_s"], values["created_at"] = request, sample.latency_s, created
            if at == 0:  # a scorer judges the first choice
                values["passed"], values["score"], values["answer"] = passed, score, answer
            line = checked_values(
                alias,
                at * epochs + epoch - 1,
                about,
                values,
                cost_pico=shares[at],
                sweep=of.task,
                provider=_vendor(of.model),
                judge=judge if at == 0 and passed is not None else None,
                billed=billed if count == 1 else tuple(_share(one, at, count) for one in billed),
            )
            taken.append(Taken(record, line))
        return taken

    def _verdict(self, sample: Sample) -> tuple[int | None, float | None, str | None, str | None]:
        """(passed, score, scorer, answer)."""
        scores = sample.scores or ({} if sample.score is None else {"score": sample.score})
        self._scorers.update(scores if len(self._scorers) < 1000 else ())
        scorer = self.options.scorer
        if scorer is None:
            if len(scores) > 1:
                names = ", ".join(sorted(scores)[:20])
                raise Wrong(f"scores are of several scorers: {names}", "choose one with --scorer NAME")
            scorer = next(iter(scores), None)
        if scorer is None or scorer not in scores:
            return None, None, None, None
        try:
            passed, score = verdict(scores[scorer].value, self.options.pass_at)
        except Wrong as wrong:
            raise Wrong(f"scores.{scorer[:60]}.value {wrong.message}", wrong.remedy) from None
        answer = scores[scorer].answer
        return passed, score, scorer, sample.whole(answer) if isinstance(answer, str) else None

    def _bill(self, sample: Sample) -> tuple[tuple[Billed, ...], int | None]:
        billed: list[Billed] = []
        stated: list[int] = []
        for model, usage in (sample.model_usage or {}).items():
            billed.append(Billed(model, usage.tokens(model)))
            if usage.total_cost is not None:
                try:
                    stated.append(pico_of(usage.total_cost))
                except Wrong as wrong:
                    raise Wrong(f"model_usage total_cost {wrong.message}", wrong.remedy) from None
        return tuple(billed), sum(stated) if stated else None


def _columns(billed: tuple[Billed, ...], sample: Sample) -> dict[str, Any]:
    """The token columns: of all models that worked on the sample."""
    if not billed:
        return {}
    sums = billed[0].tokens
    for one in billed[1:]:
        sums = Tokens(*map(add, sums, one.tokens))
    thought = 0
    for usage in (sample.model_usage or {}).values():
        thought += usage.reasoning_tokens or 0
    return {
        "prompt_tokens": sums.input,
        "cached_tokens": sums.cached,
        "cache_write_tokens": sums.cache_write,
        "completion_tokens": max(thought, sums.output),
        "reasoning_tokens": thought,
        "token_basis": "reported",
    }


def _split(columns: dict[str, Any], at: int, count: int) -> dict[str, Any]:
    """One choice's share of them."""
    shares = {
        name: split_equally(value, count)[at] for name, value in columns.items() if name != "token_basis"
    }
    return {**shares, "token_basis": "split"} if columns else {}


def _share(billed: Billed, at: int, count: int) -> Billed:
    return Billed(billed.model, Tokens(*(split_equally(part, count)[at] for part in billed.tokens)))


def _vendor(model: str) -> str | None:
    vendor, slash, _ = model.partition("/")
    return vendor if slash and vendor else None
