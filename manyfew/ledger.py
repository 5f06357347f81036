"""A ledger as notebooks want it: samples as a table, coverage as arrays, frontier and comparisons as plain data."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from orchestrator.errors import InputError
from orchestrator.installer import install
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from manyfew.chart import Chart
    from orchestrator.ledger.reading.samples.outcomes import Axis, Outcomes

Form = Literal["pandas", "polars", "arrays"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of k samples a problem, arrays of the length of `k`; 95% bands over problems. `cost`: the mean over
    problems of k samples', nan where it is not known."""

    model: str
    k: NDArray[np.int64]
    coverage: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    cost: NDArray[np.float64]


class Ledger:
    """One or more ledgers, read as they are now; a run may be writing them. Nothing is kept open or in memory."""

    def __init__(self, *paths: str | Path) -> None:
        """Raises InputError for what is no ledger."""
        if not paths:
            raise InputError("manyfew.open", "names no ledger", 'such as manyfew.open("runs/quickstart.db")')
        self.paths = tuple(Path(path) for path in paths)
        for path in self.paths:
            open_reader(path).close()

    def __repr__(self) -> str:
        return f"Ledger({', '.join(repr(str(path)) for path in self.paths)})"

    @property
    def models(self) -> list[str]:
        """The models' names, as `frontier` has them."""
        return [one.alias for one in self.outcomes()]

    def outcomes(self, axis: Axis = "usd") -> list[Outcomes]:
        """Each model's counts: problems, samples with a verdict (n), passes (c), costs."""
        from orchestrator.ledger.reading.samples.outcomes import read_outcomes

        return read_outcomes(self.paths, axis)

    def samples(
        self,
        model: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        form: Form | None = None,
    ) -> Any:
        """The view sample_records, or some `columns` of it, as a DataFrame: of pandas where it is installed, else of
        polars; without either, a dict of numpy arrays. `form` says which. `model`: one alias alone."""
        names, rows = self._rows(model, columns)
        chosen = form or next((name for name in ("pandas", "polars") if find_spec(name)), "arrays")
        if chosen == "arrays":
            return {name: _array([row[at] for row in rows]) for at, name in enumerate(names)}
        try:
            library: Any = import_module(chosen)
        except ImportError as error:
            raise InputError("samples", f"{chosen} is not installed", install(chosen)) from error
        if chosen == "pandas":
            return library.DataFrame.from_records(rows, columns=names)
        return library.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)

    def coverage(self, model: str, k: Sequence[int] | None = None, *, axis: Axis = "usd") -> Coverage:
        """Coverage of one model at each `k`; nan where some problem has fewer samples. Without `k`: 1, 2, 5, 10 … up to
        the largest that every problem has."""
        from orchestrator.coverage import bootstrap, cost, grid
        from orchestrator.coverage.samples import Samples

        found = {one.alias: one for one in self.outcomes(axis)}
        if model not in found:
            raise InputError("coverage", f"there is no model {model!r}", f"one of {', '.join(found)}")
        one = found[model]
        mean = cost.mean_cost(one.cost, one.costed) / (10**12 if axis == "usd" else 1)
        samples = Samples(one.n, one.c, mean, one.first)
        ks = grid.shown(samples.largest_k) if k is None else np.array(sorted(set(k)), np.int64)
        if len(ks) and ks[0] < 1:
            raise InputError("coverage", f"k = {ks[0]} is no number of samples", "state whole numbers from 1")
        known = ks <= samples.largest_k
        curve, low, high = (np.full(len(ks), np.nan) for _ in range(3))
        if known.any():
            values = samples.solved(ks[known])
            curve[known] = values.mean(axis=0)
            low[known], high[known] = bootstrap.coverage_band(values, bootstrap.resampled_means(values))
        return Coverage(model, ks, curve, low, high, cost.cost_of_k(mean, ks))

    def frontier(self, axis: Axis = "usd") -> dict[str, Any]:
        """What `manyfew frontier --json` prints: curves with bands, fits, policies, comparisons, warnings."""
        from orchestrator.analysis.frontier import frontier_document
        from orchestrator.analysis.printed import with_printed
        from orchestrator.analysis.selection import with_selection
        from orchestrator.ledger.importing.printed_results import read_printed
        from orchestrator.ledger.reading.samples.citation import citation_document, cite

        found = self.outcomes(axis)
        document = with_selection(frontier_document(found, axis), found)
        document["citation"] = [citation_document(cite(path)) for path in self.paths]
        return with_printed(document, read_printed(self.paths))

    def compare(self) -> dict[str, Any]:
        """What `manyfew compare --json` prints: models side by side, as billed."""
        from orchestrator.analysis.printed import with_printed_table
        from orchestrator.analysis.side_by_side import compare_document
        from orchestrator.ledger.importing.printed_results import read_printed
        from orchestrator.ledger.reading.money.model_costs import read_model_costs

        return with_printed_table(compare_document(read_model_costs(self.paths)), read_printed(self.paths))

    def chart(self, axis: Axis = "usd") -> Chart:
        """The figure of `frontier --png`: shown by a notebook as it is, or saved. Takes manyfew[charts]."""
        from manyfew.chart import Chart

        return Chart(self.frontier(axis))

    def _rows(
        self, model: str | None, columns: Sequence[str] | None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        rows: list[tuple[Any, ...]] = []
        names: list[str] = []
        for path in self.paths:
            with reading(path), closing(open_reader(path)) as connection:
                connection.row_factory = None
                names = _checked(connection, columns)
                wanted = ", ".join(f'"{name}"' for name in names)
                rows += connection.execute(
                    f"SELECT {wanted} FROM sample_records WHERE ?1 IS NULL OR model = ?1 "
                    "ORDER BY sweep, model, problem, sample_index",
                    (model,),
                ).fetchall()
        return names, rows


def _checked(connection: sqlite3.Connection, columns: Sequence[str] | None) -> list[str]:
    known = [row[1] for row in connection.execute("PRAGMA table_info(sample_records)")]
    for name in columns or ():
        if name not in known:
            raise InputError("samples", f"there is no column {name!r}", f"one of {', '.join(known)}")
    return known if columns is None else list(columns)


def _array(values: list[Any]) -> NDArray[Any]:
    """Whole numbers as int64; with NULL among them, or with fractions, as float64 with nan; all else as objects."""
    kinds: set[type[Any]] = {type(value) for value in values if value is not None}
    if kinds <= {int} and None not in values:
        return np.array(values, np.int64)
    if kinds and kinds <= {int, float}:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    found = np.empty(len(values), object)
    found[:] = values
    return found


def open_ledger(*paths: str | Path) -> Ledger:
    """`manyfew.open("runs/quickstart.db")`. Several are read as one, as `frontier` does. Raises InputError."""
    return Ledger(*paths)
