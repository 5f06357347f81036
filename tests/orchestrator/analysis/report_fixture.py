"""Ledgers to report on: a tame one with prices that fit its tokens, and one whose every text is hostile."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from orchestrator.analysis.frontier import frontier_document
from orchestrator.analysis.page_data import PAGE_AXES, report_data
from orchestrator.ledger.reading.outcomes.outcomes import read_axes, read_outcomes
from orchestrator.ledger.reading.samples.citation import citation_document, cite
from orchestrator.ledger.reading.samples.provenance import read_provenance
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(2)>' onmouseover='alert(3)",
    "left\u202eright\u200f\u2028\u2029\x00\x1b[2J",
    "l" * 5000,
    "__proto__",
    "constructor",
    "<!--<script>${alert(4)}{{alert(5)}}`",
    "}</style><style>@import url(https://evil.example/x.css);",
    "datum.x;signal('y');//evil.example",
    "שלום 模型 e\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
]


def price(input_: str, output: str, **changed: Any) -> dict[str, Any]:
    rates = {
        "input": input_,
        "output": output,
        "cached_input": input_,
        "cache_write": input_,
        "cache_write_1h": input_,
    }
    of: dict[str, Any] = {"source": "sweep file", "name": "m", "version": "7", "date": "2026-01-02"}
    return of | {"bands": [{"from_input_tokens": 0, **rates}]} | changed


def set_price(path: Path, alias: str, of: dict[str, Any]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE model SET price = ? WHERE alias = ?", (json.dumps(of), alias))


def tame(path: Path) -> Path:
    """Of 20 problems; 10 tokens in and 20 out, at $1 and $2 a million: $0.00005 a sample, and 20 times that."""
    cheap = Made({f"p{i}": counted(20, i % 7) for i in range(20)}, 50 * 10**6)
    expensive = Made({f"p{i}": counted(2, i % 3) for i in range(20)}, 1000 * 10**6)
    make_ledger(path, {"cheap": cheap, "expensive": expensive})
    set_price(path, "cheap", price("1", "2"))
    set_price(path, "expensive", price("20", "40"))
    return path


def hostile(path: Path) -> Path:
    models = {
        alias: Made(
            {f"<b>{i}</b>": counted(8, (i + at) % 5) for i in range(12)},
            (at + 1) * 10**6,
            presumed_pico=at * 10**7,
        )
        for at, alias in enumerate(HOSTILE)
    }
    make_ledger(path, models, sweep=HOSTILE[0])
    for at, alias in enumerate(HOSTILE):
        set_price(
            path, alias, price("1", "2", source=alias, name=HOSTILE[-1 - at], version=alias, date=alias)
        )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE model SET provider = alias, name = alias")
        connection.execute("INSERT INTO sweep_file VALUES (1, 1, ?, 'x', 0)", (HOSTILE[0],))
        versions = json.dumps(dict(zip(HOSTILE, reversed(HOSTILE), strict=True)))
        connection.execute(
            "INSERT INTO run (id, sweep_file_id, budget_pico, started_at, status, pid, host, versions) "
            "VALUES (1, 1, 0, 0, 'complete', 1, 'h', ?)",
            (versions,),
        )
    return path


def found(path: Path, axis: Any = "usd") -> tuple[dict[str, Any], dict[str, Any]]:
    """The frontier's document, and what the report knows besides."""
    document = frontier_document(read_outcomes([path], axis), axis)
    document["citation"] = [citation_document(cite(path))]
    return document, report_data(document, read_axes([path], PAGE_AXES), read_provenance([path]))


def odd(folder: Path) -> list[Path]:
    """Ledgers in which something is missing."""
    stopping = {f"p{i}": counted(1 + i % 9, int(i % 9 < 6)) for i in range(30)}
    fixed = {f"p{i}": counted(5, i % 4) for i in range(30)}
    unknown: dict[str, Any] = {"tokens": (None, None), "latency_s": None, "definition": None}
    models: dict[str, dict[str, Made]] = {
        "stops": {"s": Made(stopping, mode="until_solved"), "f": Made(fixed, 10**7)},
        "unjudged": {"m": Made({"a": [None, None]}), "o": Made(fixed)},
        "one": {"m": Made({"a": [1]})},
        "never": {"m": Made({"a": [0, 0], "b": [0, 0]}), "always": Made({"a": [1, 1], "b": [1, 1]})},
        "apart": {"m": Made({"a": [0, 1]}), "o": Made({"b": [1, 0]})},
        "free": {"m": Made(fixed, 0), "o": Made(fixed, 10**7)},
        "unknown": {"m": Made(fixed, **unknown)},
        "nothing": {},
    }
    return [make_ledger(folder / f"{name}.db", made) for name, made in models.items()]
