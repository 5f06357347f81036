"""A table of printed results as a file: CSV with a head, or JSON Lines; each row a model at k samples a problem."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.ledger.importing.line import MAX_COST_USD, MAX_INDEX, Wrong
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDED = ("model", "k", "coverage", "usd_per_attempt")
OPTIONAL = ("problems", "sweep")
LARGEST_FILE = 16 << 20
_REMEDY = "columns: model, k, coverage (0.2962 or 29.62%), usd_per_attempt; problems and sweep if wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One row: `coverage` of `k` attempts a problem, at `attempt_pico` pico-dollars each."""

    line: int
    sweep: str | None
    model: str
    k: int
    coverage: float
    attempt_pico: int
    problems: int | None


def read_aggregate(file: Path) -> list[Printed]:
    """Every row, or InputError that names the first wrong line."""
    rows: list[Printed] = []
    for line, found in _records(file, _text(file)):
        try:
            rows.append(_printed(line, found))
        except Wrong as wrong:
            raise InputError(f"{file}:{line}", wrong.message, wrong.remedy) from None
    if not rows:
        raise InputError(str(file), "holds no row", _REMEDY)
    return rows


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise InputError(str(file), "there is no such file", "name a CSV or JSON Lines file") from None
    except IsADirectoryError:
        raise InputError(str(file), "this is a folder, not a file", "name the file in it") from None
    except OSError as error:
        raise InputError(str(file), f"can't be read: {error.strerror}", "check its permissions") from error
    if len(raw) > LARGEST_FILE:
        raise InputError(
            str(file), f"is larger than {LARGEST_FILE >> 20} MiB", "a table of printed results is small"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{file}:{line}", "is not UTF-8 text", "save the file as UTF-8") from None


def _records(file: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    return _json_lines(file, text) if text.lstrip().startswith("{") else _csv(file, text)


def _json_lines(file: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found: Any = json.loads(line, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise InputError(
                f"{file}:{number}", f"not JSON: {error}"[:200], "one JSON object a line"
            ) from None
        if not isinstance(found, dict):
            raise InputError(f"{file}:{number}", "is not a JSON object", "one JSON object a line")
        yield number, found


def _csv(file: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        head = [name.strip() for name in next(rows, list[str]())]
        if lacking := [name for name in NEEDED if name not in head]:
            raise InputError(f"{file}:1", f"the head lacks {', '.join(lacking)}", _REMEDY)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(head):
                message = f"has {many(len(row), 'cell')} where the head has {len(head)}"
                raise InputError(
                    f"{file}:{rows.line_num}", message, "as many cells as the head has, commas between"
                )
            cells = zip(head, (cell.strip() for cell in row), strict=True)
            yield rows.line_num, {name: cell for name, cell in cells if cell}
    except csv.Error as error:
        raise InputError(f"{file}:{rows.line_num}", f"is not CSV: {error}", "close the quotes") from None


def _printed(line: int, found: dict[str, Any]) -> Printed:
    if unknown := [name for name in found if name not in NEEDED + OPTIONAL]:
        raise Wrong(f"{unknown[0][:60]!r} is not a known column", _REMEDY)
    if lacking := [name for name in NEEDED if found.get(name) is None]:
        raise Wrong(f"has no {lacking[0]}", _REMEDY)
    usd = _number(found, "usd_per_attempt", 0, MAX_COST_USD)
    return Printed(
        line=line,
        sweep=_name(found, "sweep") if found.get("sweep") is not None else None,
        model=_name(found, "model"),
        k=_whole(found, "k", MAX_INDEX),
        coverage=float(_number(found, "coverage", 0, 1)),
        attempt_pico=int((usd * PICO_PER_USD).to_integral_value()),
        problems=_whole(found, "problems", MAX_INDEX) if found.get("problems") is not None else None,
    )


def _name(found: dict[str, Any], name: str) -> str:
    value = found[name]
    if not isinstance(value, str) or not value.strip():
        raise Wrong(f"{name} isn't a name", "write a text that isn't empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Wrong(f"{name} holds half a surrogate pair, which is not text", "write it again") from None
    return value


def _whole(found: dict[str, Any], name: str, most: int) -> int:
    value = _number(found, name, 1, most)
    if value != int(value):
        raise Wrong(f"{name} is not a whole number", "a whole number from 1")
    return int(value)


def _number(found: dict[str, Any], name: str, least: int, most: int) -> Decimal:
    """Exact as written; a text may end in %, and dollars may start with $."""
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Wrong(f"{name} is not a number", _REMEDY)
    text = str(value).strip()
    share = name == "coverage" and text.endswith("%")
    try:
        number = Decimal(text.removesuffix("%") if share else text.removeprefix("$"))
    except InvalidOperation:
        raise Wrong(f"{name} is not a number: {text[:40]!r}", _REMEDY) from None
    if not number.is_finite() or not least <= (number := number / 100 if share else number) <= most:
        raise Wrong(f"{name} is not between {least:,} and {most:,}", _REMEDY)
    return number
