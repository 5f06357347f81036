"""What a format's reader gives: samples, and attempts that brought none; each with the record it comes from."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol

from orchestrator.errors import InputError
from orchestrator.ledger.importing.line import Line, Wrong
from pricing.types import PICO_PER_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the files don't say, or what to take of them."""

    format: str | None = None
    model: str | None = None
    scorer: str | None = None
    filter: str | None = None
    metric: str | None = None
    pass_at: float | None = None
    """A score from which on a sample passes."""
    usd_per_sample: Decimal | None = None
    tokenizer: str | None = None
    """A name on the hub, or the path of a tokenizer.json."""
    prices_on: str | None = None
    prices: Mapping[str, str] = field(default_factory=dict[str, str])
    """By alias, as stated."""
    keys: tuple[str, ...] | None = None
    """The problems of --source, in its order."""

    @property
    def cost_pico(self) -> int | None:
        usd = self.usd_per_sample
        return None if usd is None else int((usd * PICO_PER_USD).to_integral_value())


class Taken(NamedTuple):
    """A sample, and the number of its record in the file."""

    record: int
    line: Line


class Lost(NamedTuple):
    """An attempt that ended in an error and has no sample. `model` None: the file's only one."""

    record: int
    model: str | None
    problem: str
    sample_index: int
    error: str
    message: str


class Reader(Protocol):
    """One file in one format, to be gone through once."""

    @property
    def sweep(self) -> str:
        """What the sweep is called if a line doesn't say."""
        ...

    @property
    def states_index(self) -> bool:
        """Whether each sample's index is the file's word. If not, samples of several files are numbered on."""
        ...

    @property
    def has_each_once(self) -> bool:
        """Whether two samples of one index in this file are a mistake; those of several files are numbered on."""
        ...

    @property
    def notes(self) -> list[str]:
        """What the user should know of the file, once it is read."""
        ...

    def __iter__(self) -> Iterator[Taken | Lost]:
        """Raises InputError that names the record."""
        ...

    def where(self, record: int) -> str:
        """The file and the record, for a message."""
        ...


class FileReader:
    """What most formats share."""

    states_index = False
    has_each_once = False

    def __init__(self, file: Path, options: Options) -> None:
        self.file = file
        self.options = options
        self.notes: list[str] = []
        self._stem = stem(file)

    @property
    def sweep(self) -> str:
        return self._stem

    def where(self, record: int) -> str:
        return f"{self.file}: record {record}"

    @contextmanager
    def at(self, record: int, note: str = "") -> Generator[None]:
        """Says of what is wrong where it stands."""
        try:
            yield
        except Wrong as wrong:
            where = self.where(record) + (f" ({note})" if note else "")
            raise InputError(where, wrong.message, wrong.remedy) from None

    def alias(self, stated: str | None) -> str:
        """The model's name here: as --model says, else as the file does. Raises Wrong."""
        alias = self.options.model or stated
        if not alias:
            raise Wrong("says no model", "add --model NAME")
        return alias


def stem(file: Path) -> str:
    """The file's name without its endings."""
    return Path(file.name.removesuffix(".gz")).stem or file.name
