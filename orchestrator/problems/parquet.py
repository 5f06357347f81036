"""Rows of a local Parquet file, as dictionaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.installer import install_extra


def read_local(path: Path, columns: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """The named columns, as far as the file has them, or all; InputError if it is no such file."""
    where = str(path)
    try:
        pa: Any = import_module("pyarrow")  # has no type stubs
        pq: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError(where, "a Parquet file needs pyarrow", install_extra("hub")) from error
    try:
        with pq.ParquetFile(path) as table:
            there = set(table.schema_arrow.names)
            for batch in table.iter_batches(
                batch_size=100,
                columns=None if columns is None else [name for name in columns if name in there],
            ):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(where, f"cannot be read as Parquet: {line}", "check the file") from error
