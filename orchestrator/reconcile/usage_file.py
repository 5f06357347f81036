"""A vendor's usage export, as rows. It is JSON or CSV, and holds buckets of time or single requests:

- OpenAI: pages of /v1/organization/usage/completions and /v1/organization/costs; the CSVs of the usage page.
- Anthropic: pages of /v1/organizations/usage_report/messages and /cost_report; the CSVs of the console.
- LiteLLM: /spend/logs. OpenRouter: the activity export and API. Others: a table whose columns are named alike.

Several pages: one after the other in a file, a page a line, or in a JSON list.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from orchestrator.errors import InputError

Row = dict[str, Any]

LARGEST = 1 << 29
"""Bytes. An export of a month by the minute and by model is some tens of megabytes."""
_REMEDY = "use the vendor's usage export as CSV or JSON, or type its figure with --billed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFile:
    """`rows` are flat but for what the vendor nests; `buckets`: (start, end) as written, empty ones too."""

    name: str
    sha256: str
    written_at: float
    """It can't know what came later: when the file was last changed, or now, whichever is earlier."""
    rows: list[Row]
    buckets: list[Row]


def read_usage_file(path: Path) -> UsageFile:
    """Raises InputError for what is missing, no table, or only a part of an export."""
    try:
        stat = path.stat()
        if stat.st_size > LARGEST:
            raise InputError(str(path), "is larger than any usage export", _REMEDY)
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), f"can't be read: {error.strerror or error}", _REMEDY) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(str(path), "isn't UTF-8 text", _REMEDY) from None
    rows, buckets = list[Row](), list[Row]()
    if text.lstrip()[:1] in ("{", "["):
        for document in _documents(path, text):
            _gather(path, document, rows, buckets)
    else:
        rows = list(_table(path, text))
        buckets = rows
    if not rows and not buckets:
        raise InputError(str(path), "has no rows", _REMEDY)
    return UsageFile(
        name=path.name,
        sha256=sha256(raw).hexdigest(),
        written_at=min(stat.st_mtime, time.time()),
        rows=rows,
        buckets=buckets,
    )


def _documents(path: Path, text: str) -> Iterator[Any]:
    """JSON values, one after the other. Numbers with a point are exact."""
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
    at, end = 0, len(text)
    try:
        while True:
            while at < end and text[at].isspace():
                at += 1
            if at == end:
                return
            value, at = decoder.raw_decode(text, at)
            yield value
    except (ValueError, RecursionError) as error:
        line = text.count("\n", 0, at) + 1
        raise InputError(f"{path}, line {line}", f"isn't JSON: {error}", _REMEDY) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} isn't a number")


def _gather(path: Path, value: Any, rows: list[Row], buckets: list[Row]) -> None:
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            _gather(path, one, rows, buckets)
        return
    if not isinstance(value, dict):
        raise InputError(str(path), "has no rows", _REMEDY)
    found = cast("Row", value)
    if found.get("has_more"):
        message = "is one page of an export that has more"
        raise InputError(str(path), message, "download the next pages too and put all of them into the file")
    inner = next((found[k] for k in ("results", "result") if isinstance(found.get(k), list)), None)
    if inner is not None:
        edges = {k: v for k, v in found.items() if k not in ("results", "result")}
        buckets.append(edges)
        rows.extend({**edges, **one} for one in cast("list[Row]", inner) if isinstance(one, dict))  # pyright: ignore[reportUnnecessaryIsInstance]
    elif isinstance(found.get("data"), list | dict):
        before = len(rows)
        _gather(path, found["data"], rows, buckets)
        around = {name: one for name, one in found.items() if "currency" in name.lower()}
        rows[before:] = [{**around, **row} for row in rows[before:]]
    else:
        rows.append(found)
        buckets.append(found)


def _table(path: Path, text: str) -> Iterator[Row]:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = reader.fieldnames or []
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(str(path), "isn't a table: its first line names no columns", _REMEDY)
        for row in reader:
            if None in row or None in row.values():
                where = f"{path}, line {reader.line_num}"
                raise InputError(where, "has another number of fields than the first line", _REMEDY)
            yield {name.strip(): value.strip() for name, value in row.items()}
    except csv.Error as error:
        raise InputError(str(path), f"isn't a table: {error}", _REMEDY) from None
