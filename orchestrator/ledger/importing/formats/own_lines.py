"""What `export --format jsonl` writes: one sample a line."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from orchestrator.errors import InputError
from orchestrator.ledger.importing.json_stream import opened, records
from orchestrator.ledger.importing.line import (
    MAX_COST_PICO,
    MAX_INDEX,
    MAX_SCORE,
    MAX_SECONDS,
    MAX_TOKENS,
    Line,
    Wrong,
    parse,
    text_as_json,
)
from orchestrator.ledger.importing.reader import FileReader, Taken
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST_LINE = 256 << 20
BOM = b"\xef\xbb\xbf"

_Name = Annotated[str, msgspec.Meta(min_length=1)]
_Tokens = Annotated[int, msgspec.Meta(ge=0, le=MAX_TOKENS)] | None
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=MAX_SECONDS)] | None


class _Columns(msgspec.Struct, forbid_unknown_fields=True):
    """The usual case of a line, told quickly. What doesn't fit is read again by `parse`, which says what is wrong."""

    model: _Name
    problem: _Name
    sample_index: Annotated[int, msgspec.Meta(ge=0, lt=MAX_INDEX)]
    text: str | UnsetType | None = UNSET
    reasoning: str | UnsetType | None = UNSET
    finish_reason: str | UnsetType | None = UNSET
    prompt_tokens: _Tokens | UnsetType = UNSET
    cached_tokens: _Tokens | UnsetType = UNSET
    cache_write_tokens: _Tokens | UnsetType = UNSET
    cache_write_1h_tokens: _Tokens | UnsetType = UNSET
    completion_tokens: _Tokens | UnsetType = UNSET
    reasoning_tokens: _Tokens | UnsetType = UNSET
    token_basis: Literal["reported", "split"] | UnsetType | None = UNSET
    passed: Literal[0, 1] | UnsetType | None = UNSET
    score: Annotated[float, msgspec.Meta(ge=-MAX_SCORE, le=MAX_SCORE)] | UnsetType | None = UNSET
    answer: str | UnsetType | None = UNSET
    server: str | UnsetType | None = UNSET
    request: Annotated[int, msgspec.Meta(ge=0)] | str | UnsetType | None = UNSET
    stop_rule: Literal["none", "first_success", "cascade", "solve", "narrow"] | UnsetType | None = UNSET
    latency_s: _Seconds | UnsetType = UNSET
    created_at: _Seconds | UnsetType = UNSET
    sweep: _Name | UnsetType | None = UNSET
    provider: str | UnsetType | None = UNSET
    question: str | UnsetType | None = UNSET
    gold: str | UnsetType | None = UNSET
    cost_pico: Annotated[int, msgspec.Meta(ge=0, le=MAX_COST_PICO)] | UnsetType | None = UNSET
    cost_basis: str | UnsetType | None = UNSET
    cost_usd: Annotated[float, msgspec.Meta(ge=0)] | UnsetType | None = UNSET


_FIRST_VALUE, _BEHIND_VALUES, _COLUMNS = 3, 21, len(_Columns.__struct_fields__)
_ROUGH_PICO = 10**15
_typed = msgspec.json.Decoder(_Columns).decode


def read_line(raw: bytes) -> Line:
    """One line. Raises Wrong."""
    try:
        found = _typed(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return parse(raw)
    # A key that appears twice is wrong; counted without a parse: no key that is known ends in a backslash.
    columns: tuple[Any, ...] = msgspec.structs.astuple(found)
    left_out = columns.count(UNSET)
    keys = raw.count(b'":')
    if keys + left_out != _COLUMNS and keys - raw.count(b'\\":') + left_out != _COLUMNS:
        return parse(raw)
    values, others = columns[_FIRST_VALUE:_BEHIND_VALUES], columns[_BEHIND_VALUES:]
    if left_out:
        values = _without_gaps(values) if UNSET in values else values
        others = _without_gaps(others)
    model, problem, sample_index = columns[:_FIRST_VALUE]
    sweep, provider, question, gold, pico, _, usd = others
    if usd is not None and (pico is None or not _agree(usd, pico)):
        return parse(raw)
    return Line(
        sweep=sweep,
        model=model,
        provider=provider,
        problem=problem,
        sample_index=sample_index,
        question=question,
        gold=None if gold is None else text_as_json(gold),
        values=values,
        cost_pico=pico,
    )


def _agree(usd: float, pico: int) -> bool:
    """Told quickly, and never of sums that disagree: below this bound a double is off by a quarter pico-dollar."""
    return pico < _ROUGH_PICO and abs(usd * PICO_PER_USD - pico) <= 0.5


def _without_gaps(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([None if value is UNSET else value for value in columns])


class OwnLines(FileReader):
    """Lines that say their model, problem and index."""

    states_index = True

    def where(self, record: int) -> str:
        return f"{self.file}:{record}"

    def __iter__(self) -> Iterator[Taken]:
        if self.options.model is not None:
            raise InputError(
                str(self.file),
                "--model is for files that don't say their model",
                "leave it out: the lines say their model",
            )
        yield from taken_lines(self, read_line)


def taken_lines(reader: FileReader, read: Callable[[bytes], Line]) -> Iterator[Taken]:
    """Each line that isn't blank, as `read` reads it; or each element of an array."""
    with opened(reader.file) as raw:
        for number, line in _whole(raw) if _is_spread(reader.file) else _lines(raw):
            if line:
                try:
                    if len(line) > LONGEST_LINE:
                        raise Wrong(f"is longer than {LONGEST_LINE >> 20} MiB", "one JSON object a line")
                    sample = read(line)
                except Wrong as wrong:
                    raise InputError(reader.where(number), wrong.message, wrong.remedy) from None
                yield Taken(number, sample)


def _is_spread(file: Path) -> bool:
    """Whether objects stand in an array, or over several lines each."""
    with opened(file) as raw:
        first = raw.readline(LONGEST_LINE).removeprefix(BOM).strip()
        while not first and (line := raw.readline(LONGEST_LINE)):
            first = line.strip()
    return first.startswith(b"[") or first == b"{"


def _whole(raw: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    for line, value in records(raw):
        yield line, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _lines(raw: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := raw.readline(LONGEST_LINE + 3):
        number += 1
        yield number, (line.removeprefix(BOM) if number == 1 else line).strip()


def is_own(found: Any) -> bool:
    """By a file's first record."""
    return isinstance(found, dict) and ("problem" in found or "sample_index" in found)
