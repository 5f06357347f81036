"""The rows of the MATH data set (Hendrycks et al. 2021) in the formats in which it goes round: a folder with one JSON
file a problem, one such file, or one JSON object a line; and from the hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.problems.hub import download, read_parquet
from orchestrator.problems.lines import decode_lines, read_objects

MATH_500 = "HuggingFaceH4/MATH-500"
WHOLE = "EleutherAI/hendrycks_math"
SUBJECTS = (
    "algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra",
    "precalculus",
)  # fmt: skip
SPLITS = ("test", "test-5000", "train")
"""test: MATH-500, the 500 problems of the test set that Lightman et al. 2023 kept for testing; test-5000: the whole
test set; train: the training set of 7,500."""
_FORMAT = "a JSON object with problem and solution, or problem and answer"
_COLUMNS = ["problem", "level", "type", "solution"]

Row = tuple[str, dict[str, Any], str]
"""Key, data, and where it stands, for errors."""


def rows(path: Path | None, split: str) -> Iterator[Row]:
    """Every row of a local file or folder, or of the hub's split; keys are unique."""
    seen: dict[str, str] = {}
    for key, data, where in _of_hub(split) if path is None else _of_path(path):
        if key in seen:
            raise InputError(where, f"id {key!r} is taken by {seen[key]}", "keep one of them")
        seen[key] = where
        yield key, data, where
    if not seen:
        raise InputError(str(path or split), "holds no problem", _FORMAT)


def _of_path(path: Path) -> Iterator[Row]:
    if path.is_dir():
        yield from _of_folder(path)
    elif path.suffix == ".json":
        yield _key_of(path, path.parent), _one(path), str(path)
    else:
        for line, data in read_objects(path):
            yield _own_id(data) or f"math/{line - 1}", data, f"{path}:{line}"


def _of_folder(folder: Path) -> Iterator[Row]:
    """The JSON files below, by subject and number."""
    for path in sorted(folder.rglob("*.json"), key=_by_number):
        data = _one(path)
        yield _own_id(data) or _key_of(path, folder), data, str(path)


def _by_number(path: Path) -> tuple[str, int, str]:
    digits = re.match(r"[0-9]{1,18}", path.stem)
    return path.parent.as_posix(), int(digits.group()) if digits else -1, path.name


def _key_of(path: Path, folder: Path) -> str:
    """The file's path from above its `test` or `train` folder, as unique_id of MATH-500 has it; else from `folder`."""
    parts = path.parts
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] in ("test", "train"):
            return "/".join(parts[at:])
    return path.relative_to(folder).as_posix()


def _one(path: Path) -> dict[str, Any]:
    """The object of a file, which may stretch over several lines."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror or error}") from error
    try:
        line = json.dumps(json.loads(text)).encode()
    except (ValueError, RecursionError):
        line = text  # the reader of lines says what is wrong with it
    for _, data in decode_lines(cast("Any", [line]), str(path)):
        return data
    raise InputError(str(path), "is empty", _FORMAT)


def _own_id(data: dict[str, Any]) -> str | None:
    value = data.get("unique_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _of_hub(split: str) -> Iterator[Row]:
    if split not in SPLITS:
        raise InputError("problems.split", f"math has no split {split!r}", f"one of {', '.join(SPLITS)}")
    if split == "test":
        for line, data in read_objects(Path(download(MATH_500, "test.jsonl"))):
            yield _own_id(data) or f"math/test/{line - 1}", data, f"{MATH_500} line {line}"
        return
    name = "train" if split == "train" else "test"
    for subject in SUBJECTS:
        found = read_parquet(WHOLE, f"{subject}/{name}-00000-of-00001.parquet", _COLUMNS)
        for number, data in enumerate(found):
            yield f"math/{name}/{subject}/{number}", data, f"{WHOLE} {subject} {name} row {number}"
