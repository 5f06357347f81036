"""Usage exports as vendors and gateways write them, made from what a loopback vendor really billed."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.orchestrator.run.sweeps import USD

if TYPE_CHECKING:
    from tests.loopback.work import Bill

DAY = 86400
AGO_S = 3 * 3600.0
"""So long ago the requests were: an export of this moment is late enough to be believed (presumed_fixture.age)."""
Bills = Mapping[str, Sequence["Bill"]]
"""By the vendor's name of the model."""


def span(days: int = 2) -> tuple[int, int]:
    """Whole days in UTC that hold the requests' time and this moment."""
    begin = int(time.time() - AGO_S) // DAY * DAY
    return begin, begin + days * DAY


def usd(pico: int) -> Decimal:
    return Decimal(pico) / USD


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def openai_usage_json(path: Path, bills: Bills) -> Path:
    begin, end = span()
    results = [
        {
            "object": "organization.usage.completions.result",
            "input_tokens": sum(b.input_tokens for b in of),
            "input_cached_tokens": sum(b.cached_tokens for b in of),
            "output_tokens": sum(b.output_tokens for b in of),
            "num_model_requests": len(of),
            "project_id": None,
            "model": model,
            "batch": None,
        }
        for model, of in bills.items()
    ]
    empty = _bucket(begin - DAY, begin, [])
    return _write(path, {"object": "page", "data": [empty, _bucket(begin, end, results)], "has_more": False})


def openai_costs_json(path: Path, bills: Bills) -> Path:
    begin, end = span()
    results = [
        {
            "object": "organization.costs.result",
            "amount": {"value": float(usd(sum(b.pico for b in of))), "currency": "usd"},
            "line_item": f"{model}, input",
            "project_id": None,
        }
        for model, of in bills.items()
    ]
    return _write(path, {"object": "page", "data": [_bucket(begin, end, results)], "has_more": False})


def openai_usage_csv(path: Path, bills: Bills) -> Path:
    begin, end = span()
    rows = [
        {
            "start_time": begin,
            "end_time": end,
            "start_time_iso": datetime.fromtimestamp(begin, UTC).isoformat(),
            "end_time_iso": datetime.fromtimestamp(end, UTC).isoformat(),
            "project_id": "proj_1",
            "num_model_requests": len(of),
            "model": model,
            "batch": "False",
            "input_tokens": sum(b.input_tokens for b in of),
            "output_tokens": sum(b.output_tokens for b in of),
            "input_cached_tokens": sum(b.cached_tokens for b in of),
        }
        for model, of in bills.items()
    ]
    return _table(path, rows)


def anthropic_usage_json(path: Path, bills: Bills) -> Path:
    begin, end = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in span())
    results = [
        {
            "uncached_input_tokens": sum(b.input_tokens - b.cached_tokens for b in of),
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
            "cache_read_input_tokens": sum(b.cached_tokens for b in of),
            "output_tokens": sum(b.output_tokens for b in of),
            "model": model,
            "service_tier": "standard",
            "context_window": "0-200k",
        }
        for model, of in bills.items()
    ]
    bucket = {"starting_at": begin, "ending_at": end, "results": results}
    return _write(path, {"data": [bucket], "has_more": False, "next_page": None})


def anthropic_cost_json(path: Path, bills: Bills) -> Path:
    """In cents, as text."""
    begin, end = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in span())
    results = [
        {
            "currency": "USD",
            "amount": f"{usd(sum(b.pico for b in of)) * 100:.12f}",
            "model": model,
            "cost_type": "tokens",
        }
        for model, of in bills.items()
    ]
    bucket = {"starting_at": begin, "ending_at": end, "results": results}
    return _write(path, {"data": [bucket], "has_more": False, "next_page": None})


def anthropic_cost_csv(path: Path, bills: Bills) -> Path:
    """By day; a second day without much, so that the first is seen to be whole."""
    begin, _ = span()
    rows = [
        {
            "usage_date_utc": day(at),
            "model": model.upper(),
            "workspace": "Default",
            "api_key": "key",
            "usage_type": "message",
            "token_type": "output",
            "cost_usd": usd(sum(b.pico for b in of)) if at == begin else Decimal(0),
            "list_price_usd": "0.05",
        }
        for model, of in bills.items()
        for at in (begin, begin + DAY)
    ]
    return _table(path, rows)


def anthropic_usage_csv(path: Path, bills: Bills) -> Path:
    begin, _ = span()
    rows = [
        {
            "usage_date_utc": day(at),
            "model_version": model,
            "api_key": "key",
            "workspace": "Default",
            "usage_type": "standard",
            "context_window": "≤ 200k",
            "usage_input_tokens_no_cache": sum(b.input_tokens - b.cached_tokens for b in of)
            if at == begin
            else 0,
            "usage_input_tokens_cache_write_5m": 0,
            "usage_input_tokens_cache_write_1h": 0,
            "usage_input_tokens_cache_read": sum(b.cached_tokens for b in of) if at == begin else 0,
            "usage_output_tokens": sum(b.output_tokens for b in of) if at == begin else 0,
            "web_search_count": 0,
        }
        for model, of in bills.items()
        for at in (begin, begin + DAY)
    ]
    return _table(path, rows)


def litellm_json(path: Path, bills: Bills, when: float, *, tokens: bool = False) -> Path:
    """A row a request; all at one moment of the run, since the bills don't say when."""
    at = datetime.fromtimestamp(when, UTC).isoformat()
    return _write(
        path,
        [
            {
                "request_id": b.request_id,
                "call_type": "acompletion",
                "model": model,
                "startTime": at,
                "endTime": at,
                **({} if tokens else {"spend": float(usd(b.pico))}),
                "prompt_tokens": b.input_tokens,
                "completion_tokens": b.output_tokens,
            }
            for model, of in bills.items()
            for b in of
        ],
    )


def openrouter_csv(path: Path, bills: Bills, when: float) -> Path:
    at = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    rows = [
        {
            "generation_id": b.request_id,
            "created_at": at,
            "cost_total": usd(b.pico),
            "tokens_prompt": b.input_tokens,
            "tokens_completion": b.output_tokens,
            "model_permaslug": model,
        }
        for model, of in bills.items()
        for b in of
    ]
    return _table(path, rows)


def _bucket(begin: int, end: int, results: list[Any]) -> dict[str, Any]:
    return {"object": "bucket", "start_time": begin, "end_time": end, "results": results}


def _write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def _table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.12f}" if isinstance(v, Decimal) else v for k, v in row.items()})
    return path
