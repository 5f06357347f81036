"""Records of monkey_business as samples to import. They have no token counts: `--tokenizer` counts them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.ledger.importing.formats.monkeys_file import monkeys_records
from orchestrator.ledger.importing.line import MAX_INDEX, Line, Wrong, checked_values
from orchestrator.ledger.importing.reader import FileReader, Options, Taken

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA_SETS = ("GSM8K", "MATH", "CodeContests", "MiniF2F-MATH")
"""Files are called DATASET_MODEL."""

_KNOWN = frozenset(["question", "samples", "is_corrects", "gt_answer", "orig_dset_split", "orig_dset_idx"])
_REMEDY = "a record needs question, samples (texts) and is_corrects (true or false), as many of each"


class Monkeys(FileReader):
    """A record a problem, with its samples."""

    states_index = True

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        self._data_set, model = names(file)
        self._model = options.model or model
        self._lines: list[int] = []

    @property
    def sweep(self) -> str:
        return self._data_set or self._model

    def where(self, record: int) -> str:
        return f"{self.file}:{self._lines[record]}"

    def __iter__(self) -> Iterator[Taken]:
        for record, (line, found) in enumerate(monkeys_records(self.file)):
            self._lines.append(line)
            try:
                if not isinstance(found, dict):
                    raise Wrong("is not a JSON object", _REMEDY)
                for sample in self._samples(record, cast("dict[str, Any]", found)):
                    yield Taken(record, sample)
            except Wrong as wrong:
                message = f"record {record + 1}: {wrong.message}"
                raise InputError(f"{self.file}:{line}", message, wrong.remedy) from None

    def _samples(self, record: int, found: dict[str, Any]) -> Iterator[Line]:
        question, texts, verdicts = _checked(found)
        gold = found.get("gt_answer")
        about = {"problem": self._key(record, found), "question": question, "gold": gold}
        unknown = frozenset(found.keys() - _KNOWN)
        for index, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
            values = {
                "text": text,
                "passed": None if verdict is None else int(verdict),
            }
            yield checked_values(self._model, index, about, values, cost_pico=None, unknown=unknown)

    def _key(self, record: int, found: dict[str, Any]) -> str:
        """gsm8k/test/N is what a run on GSM8K from the hub calls the same problem."""
        split, index = found.get("orig_dset_split"), found.get("orig_dset_idx")
        base = (self._data_set or self._model).lower() if self._data_set == "GSM8K" else self.sweep
        if index is None or isinstance(index, bool) or not isinstance(index, int | str):
            return f"{base}/{record}"
        return f"{base}/{split}/{index}" if isinstance(split, str) and split else f"{base}/{index}"


def names(file: Path) -> tuple[str | None, str]:
    """(data set, model) of a file's name; of another name the whole is the model's."""
    stem = Path(file.name.removesuffix(".gz")).stem
    for data_set in DATA_SETS:
        if stem.startswith(f"{data_set}_") and len(stem) > len(data_set) + 1:
            return data_set, stem.removeprefix(f"{data_set}_")
    return None, stem


def _checked(found: dict[str, Any]) -> tuple[str, list[str], list[bool | None]]:
    question, texts, verdicts = (found.get(key) for key in ("question", "samples", "is_corrects"))
    if not isinstance(question, str):
        raise Wrong("has no question", _REMEDY)
    if not isinstance(texts, list) or not isinstance(verdicts, list):
        raise Wrong("has no list of samples, or none of is_corrects", _REMEDY)
    listed, judged = cast("list[Any]", texts), cast("list[Any]", verdicts)
    if len(listed) != len(judged):
        raise Wrong(f"has {many(len(listed), 'sample')} and {many(len(judged), 'verdict')}", _REMEDY)
    if len(listed) > MAX_INDEX:
        raise Wrong(f"has more than {MAX_INDEX:,} samples", "real records never have that many")
    for index, (text, verdict) in enumerate(zip(listed, judged, strict=True)):
        if not isinstance(text, str):
            raise Wrong(f"sample {index} is not text", _REMEDY)
        if verdict is not None and not isinstance(verdict, bool):
            raise Wrong(f"the verdict of sample {index} is neither true nor false", _REMEDY)
    return question, listed, judged
