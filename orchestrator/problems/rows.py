"""Rows of a data set from wherever it is: JSON Lines, a JSON array or Parquet, or a split of a data set of the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.problems.hub import download, list_files
from orchestrator.problems.lines import BOM, opened, read_objects
from orchestrator.problems.parquet import read_local

LARGEST_ARRAY = 1 << 30
_READ = (".parquet", ".jsonl", ".jsonl.gz", ".json")


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number from 1, row) of a local file: the line, or the place in an array or a table."""
    start = _start(path)
    if start.startswith(b"PAR1"):
        yield from enumerate(read_local(path, None), start=1)
    elif start.removeprefix(BOM).lstrip().startswith(b"["):
        yield from _array(path)
    else:
        yield from read_objects(path)


def hub_rows(dataset: str, split: str, subset: str | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number from 1, row) of a split, over all of its files."""
    number = 0
    for name in split_files(list_files(dataset), dataset, split, subset):
        for _, row in read_rows(Path(download(dataset, name))):
            number += 1
            yield number, row


def split_files(names: Sequence[str], dataset: str, split: str, subset: str | None) -> list[str]:
    """The files of a split by the names that the hub knows: SUBSET/SPLIT-00000-of-00001.parquet, data/SPLIT-…,
    SPLIT.jsonl … Raises InputError that names the splits that there are."""
    read = sorted(name for name in names if name.lower().endswith(_READ))
    if subset is not None:
        read = [
            name for name in read if subset in name.split("/")[:-1] or name.split("/")[-1].startswith(subset)
        ]
    found = [name for name in read if _split_of(name) == split]
    folders = {name.rpartition("/")[0] for name in found}
    if len(folders) > 1:
        raise InputError(
            "problems.subset",
            f"{dataset} has several subsets",
            f"state one: {', '.join(sorted(folders)[:20])}",
        )
    if not found:
        there = ", ".join(sorted({_split_of(name) for name in read})[:20]) or "no file that is read"
        raise InputError("problems.split", f"{dataset} has no split {split!r}", f"there is {there}")
    return found


def _split_of(name: str) -> str:
    """`data/test-00000-of-00001-abc.parquet` and `test.jsonl` are of the split test, `main/test/0000.parquet` too."""
    folder, _, file = name.rpartition("/")
    stem = file.split(".", 1)[0] if "-of-" not in file else file.split("-0", 1)[0]
    return folder.rpartition("/")[2] if stem.isdecimal() else stem


def _start(path: Path) -> bytes:
    with opened(path) as file:
        return file.read(4096)


def _array(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with opened(path) as file:
        raw = file.read(LARGEST_ARRAY + 1)
    if len(raw) > LARGEST_ARRAY:
        raise InputError(str(path), "is an array of more than 1 GiB", "write it as JSON Lines")
    try:
        rows: Any = json.loads(raw.removeprefix(BOM).decode())
        json.dumps(rows, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeError:
        raise InputError(str(path), "holds what is not UTF-8 text", "save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        said = "nested too deep" if isinstance(error, RecursionError) else str(error)[:120]
        raise InputError(
            str(path), f"not usable JSON: {said}", "an array of objects, or one object a line"
        ) from None
    for number, row in enumerate(cast("list[Any]", rows), start=1):
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}", "is not a JSON object", "an array of objects")
        yield number, cast("dict[str, Any]", row)


def field(row: Mapping[str, Any], name: str) -> str | None:
    """The row's own name of a field, in whatever case it is written."""
    if name in row:
        return name
    return next((key for key in row if key.casefold() == name.casefold()), None)


def renamed(row: Mapping[str, Any], rename: Mapping[str, str], where: str) -> dict[str, Any]:
    """The row with further names for its fields: `rename` is by new name. Raises InputError."""
    found = dict(row)
    for new, old in rename.items():
        key = field(row, old)
        if key is None:
            there = ", ".join(list(row)[:20])
            raise InputError(where, f"has no field {old!r}", f"its fields are {there}")
        found[new] = row[key]
    return found
