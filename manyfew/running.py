"""A sweep run from Python: the same run as `manyfew run`, on the same ledger, within the same hard budget."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manyfew.ledger import Ledger
from orchestrator.errors import InputError
from orchestrator.text.command import command

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.progress import Progress
    from orchestrator.run.run_sweep import Options, Result
    from orchestrator.sweep.types import Sweep

Source = str | Path | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended. `status`: complete, incomplete, budget, provider or interrupted; `reason`: why, if it is not
    complete. `totals`: what `manyfew run --json` prints."""

    status: str
    reason: str | None
    warnings: list[str]
    totals: dict[str, Any]
    ledger: Ledger


def run(
    sweep: Source,
    *,
    db: str | Path | None = None,
    budget: float | str | None = None,
    stop_after_s: float | None = None,
    grace_s: float = 30.0,
    show: Callable[[Progress], None] | None = None,
) -> Run:
    """Samples a sweep, a file or its tables as a dict, within its budget. Run it again to continue where it stopped.

    `db`: default runs/NAME.db. `budget`: dollars over all runs of the ledger, instead of budget_usd. `show`: told of
    progress, from the thread that runs. Ctrl-C ends it as on the command line. Raises InputError before a
    cent is spent.
    """
    options = _options(db, budget, stop_after_s, grace_s)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return options.go(sweep, None, show)
    stop = threading.Event()  # a notebook's own loop runs in this thread, which has room for one
    return _in_thread(lambda: options.go(sweep, stop, show), stop)


async def run_async(
    sweep: Source,
    *,
    db: str | Path | None = None,
    budget: float | str | None = None,
    stop_after_s: float | None = None,
    grace_s: float = 30.0,
    show: Callable[[Progress], None] | None = None,
) -> Run:
    """`run`, beside whatever else the event loop does. Cancelled, it stops sending, takes what is in flight
    (`grace_s`), and then ends as cancelled."""
    options, stop = _options(db, budget, stop_after_s, grace_s), threading.Event()
    running = asyncio.ensure_future(asyncio.to_thread(options.go, sweep, stop, show))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        raise


@dataclass(frozen=True, slots=True)
class _Stated:
    db: Path | None
    budget: str | None
    stop_after_s: float | None
    grace_s: float

    def go(self, sweep: Source, stop: threading.Event | None, show: Callable[[Progress], None] | None) -> Run:
        from orchestrator.ledger.reading.money.status import read_status
        from orchestrator.run.prepare import prepare
        from orchestrator.run.run_sweep import Options, run_sweep
        from orchestrator.sending.signals import Signals
        from orchestrator.sweep.load import check_budget, check_keys

        with tempfile.TemporaryDirectory() as folder:
            loaded = _load(sweep, Path(folder), self.budget)
            check_keys(loaded)
            signals = Signals(grace_s=self.grace_s, stop_after_s=self.stop_after_s, stop=stop)
            options: Options = Options(
                db=self.db or Path("runs") / f"{loaded.name}.db",
                budget_pico=check_budget(loaded),
                signals=signals,
            )
            with signals:
                result: Result = run_sweep(prepare(loaded), options, show or (lambda _: None))
        totals = read_status(options.db)
        return Run(result.status, result.reason, result.warnings, totals, Ledger(options.db))


def _options(
    db: str | Path | None, budget: float | str | None, stop_after_s: float | None, grace_s: float
) -> _Stated:
    return _Stated(
        None if db is None else Path(db), None if budget is None else str(budget), stop_after_s, grace_s
    )


def _load(sweep: Source, folder: Path, budget: str | None) -> Sweep:
    from orchestrator.sweep.load import load
    from orchestrator.sweep.write import to_toml

    if not isinstance(sweep, Mapping):
        return load(Path(sweep), budget=budget)
    file = folder / "sweep.toml"
    try:
        file.write_text(to_toml(sweep), "utf-8")
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "manyfew.run", f"these are no tables of a sweep: {error}", f"see {command('init')}"
        ) from None
    return load(file, budget=budget)


def _in_thread(go: Callable[[], Run], stop: threading.Event) -> Run:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(go)
        try:
            return running.result()
        except KeyboardInterrupt:
            stop.set()
            return running.result()
