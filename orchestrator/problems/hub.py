"""One parquet file of a Hugging Face data set, as dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from orchestrator.errors import InputError
from orchestrator.installer import install_extra


def read_parquet(dataset: str, filename: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Downloads the file (or takes it from the hub's own cache) and yields its rows. HF_ENDPOINT, HF_HOME,
    HF_HUB_OFFLINE and HF_TOKEN work as they always do with the hub's library."""
    path = download(dataset, filename)
    where = f"{dataset}/{filename}"
    try:
        pa: Any = import_module("pyarrow")  # has no type stubs
        pq: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError("problems.source", "reading the hub's files needs pyarrow", _remedy()) from error
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=1000, columns=columns):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            where, f"not the parquet file expected: {_line(error)}", "state a local file as path"
        ) from error


def list_files(dataset: str) -> list[str]:
    """The names of a data set's files."""
    hub, errors = _library()
    try:
        return hub.HfApi().list_repo_files(dataset, repo_type="dataset")
    except (errors.HfHubHTTPError, errors.OfflineModeIsEnabled, OSError, ValueError) as error:
        raise InputError(
            dataset,
            f"the hub didn't list its files: {_line(error)}",
            "try again, or state a local file as path",
        ) from error


def download(dataset: str, filename: str) -> str:
    """The path of the file in the hub's own cache, fetched if it is not there yet."""
    hub, errors = _library()
    where = f"{dataset}/{filename}"
    try:
        return hub.hf_hub_download(dataset, filename, repo_type="dataset")
    except errors.EntryNotFoundError as error:  # also LocalEntryNotFoundError: offline and not in the cache
        raise InputError(
            where, f"not available from the hub: {_line(error)}", "state a local file as path"
        ) from error
    except (errors.HfHubHTTPError, OSError, ValueError) as error:
        raise InputError(
            where, f"the hub didn't return it: {_line(error)}", "try again, or state a local file as path"
        ) from error


def _library() -> tuple[Any, Any]:
    """(the hub's library, its errors): its types name optional packages."""
    try:
        return import_module("huggingface_hub"), import_module("huggingface_hub.errors")
    except ImportError as error:
        raise InputError(
            "problems.source", "the Hugging Face hub needs huggingface_hub", _remedy()
        ) from error


def _remedy() -> str:
    return f"{install_extra('hub')}, or state a local file as path"


def _line(error: Exception) -> str:
    """The first line of a foreign message, cut to a readable length."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line if len(line) <= 200 else f"{line[:200]}…"
