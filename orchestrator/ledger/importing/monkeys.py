"""Records of monkey_business as samples to import. They have no token counts, so a sample's cost is not known unless it
is stated; with a tokenizer its tokens are counted, to be priced by `reprice`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from orchestrator.errors import InputError
from orchestrator.installer import install_extra
from orchestrator.ledger.importing.line import MAX_INDEX, Line, Wrong, checked_values
from orchestrator.ledger.importing.monkeys_file import records
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DATA_SETS = ("GSM8K", "MATH", "CodeContests", "MiniF2F-MATH")
"""Files are called DATASET_MODEL."""

_KNOWN = frozenset(["question", "samples", "is_corrects", "gt_answer", "orig_dset_split", "orig_dset_idx"])
_REMEDY = "a record needs question, samples (texts) and is_corrects (true or false), as many of each"
MOST_SAMPLES = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the files lack and the user may add."""

    usd_per_sample: Decimal | None = None
    tokenizer: str | None = None
    """A name on the hub, or the path of a tokenizer.json."""

    @property
    def cost_pico(self) -> int | None:
        return (
            None
            if self.usd_per_sample is None
            else int((self.usd_per_sample * PICO_PER_USD).to_integral_value())
        )


@dataclass(frozen=True, slots=True)
class Numbered:
    """A sample with its number in the file: the record's number × MOST_SAMPLES + its place in it."""

    number: int
    line: Line


class Monkeys:
    """The samples of one file, to be iterated once; `line_of` gives the line of a number's record."""

    def __init__(self, file: Path, options: Options) -> None:
        self._file = file
        self._options = options
        self._lines: list[int] = []
        self._data_set, self._model = names(file)
        self._count = None if options.tokenizer is None else counter(options.tokenizer)

    @property
    def sweep(self) -> str:
        return self._data_set or self._model

    def line_of(self, number: int) -> int:
        return self._lines[number // MOST_SAMPLES]

    def __iter__(self) -> Iterator[Numbered]:
        for record, (line, found) in enumerate(records(self._file)):
            self._lines.append(line)
            try:
                if not isinstance(found, dict):
                    raise Wrong("is not a JSON object", _REMEDY)
                for index, sample in enumerate(self._samples(record, cast("dict[str, Any]", found))):
                    yield Numbered(record * MOST_SAMPLES + index, sample)
            except Wrong as wrong:
                message = f"record {record + 1}: {wrong.message}"
                raise InputError(f"{self._file}:{line}", message, wrong.remedy) from None

    def _samples(self, record: int, found: dict[str, Any]) -> Iterator[Line]:
        question, texts, verdicts = _checked(found)
        prompt = None if self._count is None else self._count([question])[0]
        tokens = [None] * len(texts) if self._count is None else self._count(texts)
        gold = found.get("gt_answer")
        about = {"problem": self._key(record, found), "question": question, "gold": gold}
        unknown = frozenset(found.keys() - _KNOWN)
        for index, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
            values = {
                "text": text,
                "passed": None if verdict is None else int(verdict),
                "prompt_tokens": prompt,
                "completion_tokens": tokens[index],
            }
            yield checked_values(
                self._model, index, about, values, cost_pico=self._options.cost_pico, unknown=unknown
            )

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
        raise Wrong(f"has {len(listed):,} samples and {len(judged):,} verdicts", _REMEDY)
    if len(listed) > MAX_INDEX:
        raise Wrong(f"has more than {MAX_INDEX:,} samples", "real records never have that many")
    for index, (text, verdict) in enumerate(zip(listed, judged, strict=True)):
        if not isinstance(text, str):
            raise Wrong(f"sample {index} is not text", _REMEDY)
        if verdict is not None and not isinstance(verdict, bool):
            raise Wrong(f"the verdict of sample {index} is neither true nor false", _REMEDY)
    return question, listed, judged


def counter(name: str) -> Callable[[Sequence[str]], list[int]]:
    """Counts tokens by the tokenizer of that name, without special ones. Raises InputError."""
    try:
        library: Any = import_module("tokenizers")  # its types are not complete
    except ImportError as error:
        remedy = install_extra("tokenizer")
        raise InputError("--tokenizer", "counting tokens needs the tokenizers library", remedy) from error
    try:
        if Path(name).is_file():
            tokenizer = library.Tokenizer.from_file(name)
        else:
            tokenizer = library.Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises bare Exceptions
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            "--tokenizer", f"{name!r} is not available: {said}", "a hub name or a tokenizer.json"
        ) from error

    def count(texts: Sequence[str]) -> list[int]:
        found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in found]

    return count
