"""Files in the format of ScalingIntelligence/monkey_business, the samples that "Large Language Monkeys" published: one
record a problem with all its samples and a verdict for each. A JSON array, JSON Lines or Parquet; read as a stream,
since such a file holds up to 10,000 samples a problem."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.installer import install_extra
from orchestrator.ledger.importing.json_stream import opened, records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def monkeys_records(file: Path) -> Iterator[tuple[int, Any]]:
    """(line, record); of Parquet the row, from 1. Raises InputError if the file is damaged."""
    if is_parquet(file):
        yield from _parquet(file)
        return
    with opened(file) as raw:
        yield from records(raw)


def is_parquet(file: Path) -> bool:
    with opened(file) as raw:
        return raw.read(4) == b"PAR1"


def columns(file: Path) -> set[str] | None:
    """Of a Parquet file; None if it can't be read, which the reader then says."""
    try:
        pa: Any = import_module("pyarrow")
        pq: Any = import_module("pyarrow.parquet")
    except ImportError:
        return None
    try:
        return set(pq.read_schema(file).names)
    except (pa.ArrowException, OSError):
        return None


def _parquet(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        pa: Any = import_module("pyarrow")  # has no type stubs
        pq: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError(str(file), "reading Parquet needs pyarrow", install_extra("hub")) from error
    row = 0
    try:
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=1):
                for record in batch.to_pylist():
                    row += 1
                    yield row, record
    except (pa.ArrowException, OSError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(str(file), f"can't be read as Parquet: {said}", "check the file") from error
