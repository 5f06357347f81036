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
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from manyfew.chart import Chart
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes
    from orchestrator.ledger.reading.samples.sampled_models import Which

Form = Literal["pandas", "polars", "arrays"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of k samples a problem, arrays of the length of `k`; 95% bands over problems. `cost`: the mean over
    problems of k samples', nan if it is not known."""

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
        from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes

        return read_outcomes(self.paths, axis)

    def samples(
        self,
        model: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        form: Form | None = None,
    ) -> Any:
        """The view sample_records, or some `columns` of it, as a DataFrame: of pandas if it is installed, else of
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
        """Coverage of one model at each `k`; nan if some problem has fewer samples. Without `k`: 1, 2, 5, 10 … up to
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

    def frontier(
        self,
        axis: Axis = "usd",
        *,
        cap: float | None = None,
        hard_cap: float | None = None,
        accept: str | None = None,
        truth: str | None = None,
        false_pass: float | tuple[float, float] | None = None,
        problems: int | None = None,
        cite: bool = False,
    ) -> dict[str, Any]:
        """What `manyfew frontier --json` prints: curves with bands, fits, policies, comparisons, warnings. `accept` and
        `truth` name sets of verdicts; `false_pass`: the share of wrong samples that a verifier would accept, or the
        least and the largest."""
        from orchestrator.analysis.policies import Cap
        from orchestrator.analysis.whole_document import Verdicts, frontier_documents

        rates = (false_pass, false_pass) if isinstance(false_pass, (int, float)) else false_pass
        verdicts = Verdicts(accept, truth, rates)
        return frontier_documents(
            self.paths,
            axis,
            Cap(cap, hard_cap),
            verdicts=verdicts,
            problems=problems,
            always_digest=cite,
        ).whole

    def compare(self) -> dict[str, Any]:
        """What `manyfew compare --json` prints: models side by side, as billed."""
        from orchestrator.analysis.whole_document import compare_whole

        return compare_whole(self.paths)

    def status(self) -> dict[str, Any]:
        """What `manyfew status --json` prints: samples, money and models, also while a run writes."""
        from orchestrator.ledger.reading.money.status import read_status

        return read_status(self._only("status"))

    def show(
        self, problem: str | None = None, *, model: str | None = None, which: Which = "all"
    ) -> dict[str, Any]:
        """What `manyfew show --json` prints: passes by problem and model; with a problem, its prompt, gold answer and
        samples. `which`: all, right, wrong, no-verdict or cut."""
        from orchestrator.ledger.reading.samples.pass_table import pass_table_document, read_pass_table
        from orchestrator.ledger.reading.samples.problem_samples import ProblemSamples, problem_document

        path, models = self._only("show"), [] if model is None else [model]
        if problem is None:
            return pass_table_document(read_pass_table(path, models, which))
        with ProblemSamples(path, problem, models, which) as of:
            return problem_document(of)

    def verdicts(self) -> dict[str, Any]:
        """What `manyfew verdicts --json` prints: the sets of verdicts, and where they differ from the current one."""
        from orchestrator.ledger.reading.compared_sets import sets_document

        return sets_document(self._only("verdicts"))

    def plan_next(self, usd: float | str, pair: tuple[str, str] | None = None) -> dict[str, Any]:
        """What `manyfew plan DB --next USD --json` prints: where so much more money narrows a comparison most."""
        from orchestrator.next_dollar.document import document
        from orchestrator.next_dollar.study import study
        from orchestrator.sweep.load import parse_usd

        money = parse_usd(str(usd), where="plan_next")
        if not money:
            raise InputError("plan_next", "no money buys nothing", "such as plan_next(2.50)")
        return document(study(self._only("plan_next"), float(money), pair)[1], float(money))

    def presumed(self) -> dict[str, Any]:
        """What `manyfew reconcile DB --json` prints: requests whose outcome is unknown, by model and kind."""
        from orchestrator.ledger.file.lock import is_held
        from orchestrator.reconcile.books import open_books
        from orchestrator.report.terminal.reconcile import presumed_document

        path = self._only("presumed")
        with open_books(path, running=is_held(path)) as books:
            return presumed_document(books)

    def reprice(self, prices: Mapping[str, str], *, on: str | None = None) -> dict[str, Any]:
        """What `manyfew reprice DB --price ALIAS=NAME --json` prints: the same samples at other prices. Nothing is
        written. `prices`: by alias, a name of the price book, or "IN/OUT" in dollars per million tokens."""
        from orchestrator.analysis.money.new_prices import new_prices, repriced_document
        from orchestrator.ledger.reprice import reprice

        path = self._only("reprice")
        chosen = new_prices(path, [f"{alias}={price}" for alias, price in prices.items()], on)
        return repriced_document(path, None, reprice(path, None, chosen), chosen)

    def doctor(self) -> dict[str, Any]:
        """What `manyfew doctor DB --json` prints: what is installed, and whether the ledger's sums agree."""
        from orchestrator.doctor.finding import findings_document
        from orchestrator.doctor.installation import installation
        from orchestrator.doctor.ledger import ledger_findings

        return findings_document([*installation(), *ledger_findings(self._only("doctor"))])

    def chart(self, axis: Axis = "usd") -> Chart:
        """What `manyfew figure` draws: a notebook shows it as it is, `save` writes it. Needs manyfew[charts]."""
        from manyfew.chart import Chart

        return Chart(self.frontier(axis))

    def _only(self, method: str) -> Path:
        path, *others = self.paths
        if others:
            raise InputError(method, "takes one ledger", "open one: manyfew.open(path)")
        return path

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
