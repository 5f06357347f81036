"""The samples of a ledger as one Parquet file, written in pieces."""

from __future__ import annotations

import json
from importlib import import_module
from itertools import islice
from typing import IO, Any

from orchestrator.ledger.exporting.samples import OnProgress, Records

pa: Any = import_module("pyarrow")  # has no type stubs
pq: Any = import_module("pyarrow.parquet")

ROWS_A_PIECE = 5000

_WHOLE = frozenset(
    [
        "sample_index",
        "prompt_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "cost_pico",
        "passed",
    ]
)
_REAL = frozenset(["cost_usd", "score", "latency_s", "created_at"])


def write_parquet(records: Records, file: IO[bytes], on_progress: OnProgress = lambda _: None) -> int:
    """Whole numbers as int64, dollars and seconds as float64, all else as text. Gives the number of samples."""
    rows = records.rows()
    piece = list(islice(rows, ROWS_A_PIECE))
    schema = pa.schema([(name, _type(name)) for name in records.columns])
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while piece:
            columns = zip(*piece, strict=True)
            arrays = [
                pa.array([_value(v, name) for v in column], type=_type(name))
                for name, column in zip(records.columns, columns, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(piece)
            on_progress(count)
            piece = list(islice(rows, ROWS_A_PIECE))
    return count


def _type(name: str) -> Any:
    if name in _WHOLE:
        return pa.int64()
    return pa.float64() if name in _REAL else pa.string()


def _value(value: Any, name: str) -> Any:
    if value is None or isinstance(value, str) or name in _WHOLE or name in _REAL:
        return value
    return json.dumps(value, ensure_ascii=False)  # a request's number, a gold answer of many parts
