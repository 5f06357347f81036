"""`manyfew export`: the samples of a ledger, as other programs read them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from orchestrator.cli.bundles import ledger
from orchestrator.grammar import by, many

if TYPE_CHECKING:
    from orchestrator.ledger.exporting.samples import OnProgress, Records

FORMATS = ("jsonl", "csv", "parquet", "bundle", "inspect", "lm-eval", "evalplus")
ON_DISK = FORMATS[2:]
"""Never written to stdout."""


def export(
    db: Path = typer.Argument(..., callback=ledger, help="The ledger.", metavar="DB"),
    format_: str = typer.Option(
        ...,
        "--format",
        help="Write jsonl, csv, parquet, bundle, inspect, lm-eval or evalplus.",
        metavar="FORMAT",
    ),
    output: Path | None = typer.Option(
        None,
        "-o",
        "--output",
        help="Write to FILE, which must not exist yet; a folder for logs of several models. Default: stdout.",
        metavar="FILE",
    ),
    with_problems: bool = typer.Option(
        False, "--with-problems", help="Add each problem's question and its gold answer."
    ),
) -> int:
    """Write the samples as other programs read them.

    Each sample comes with its tokens, cost and verdict. Works while a run writes. A bundle is one zip file with
    everything that made the samples, so that it can be cited. inspect, lm-eval and evalplus write logs as those tools
    do, one for each model.

    Example: manyfew export runs/quickstart.db --format csv -o samples.csv

    Example: manyfew export runs/quickstart.db --format bundle -o quickstart.zip

    Example: manyfew export runs/quickstart.db --format inspect -o logs
    """
    from orchestrator.cli.output import console
    from orchestrator.ledger.exporting.samples import Records
    from orchestrator.ledger.file.whole_file import new_file
    from orchestrator.report.live.counter import counting
    from orchestrator.text.safe import safe

    to_stdout = output is None or str(output) == "-"
    _check_format(format_, to_stdout=to_stdout)
    if format_ == "bundle" and output is not None:
        return _bundle(db, output)
    if output is not None and format_ in FORMATS[4:]:
        return _logs(db, format_, output)
    with Records(db, with_problems=with_problems) as records, counting("samples written") as show:
        if output is None or to_stdout:
            _to_stdout(format_, records, show)
            return 0
        with new_file(output) as file:
            count = _write(format_, records, file, show, terminal=False)
    console(stderr=True).print(f"{many(count, 'sample')} written to {safe(str(output))}")
    return 0


def _bundle(db: Path, output: Path) -> int:
    from orchestrator.cli.output import console
    from orchestrator.ledger.exporting.bundle import write_bundle
    from orchestrator.report.live.counter import counting
    from orchestrator.text.safe import safe

    with counting("samples written") as show:
        count = write_bundle(db, output, show)
    console(stderr=True).print(
        f"{many(count, 'sample')}, with everything that made {by(count, 'it', 'them')}, written to {safe(str(output))}"
    )
    return 0


def _logs(db: Path, tool: str, output: Path) -> int:
    from orchestrator.cli.output import console
    from orchestrator.ledger.exporting.logs import write_logs
    from orchestrator.text.safe import safe

    count = write_logs(db, tool, output)
    console(stderr=True).print(f"{many(count, 'sample')} written to {safe(str(output))}")
    return 0


def _check_format(name: str, *, to_stdout: bool) -> None:
    from orchestrator.errors import InputError

    if name not in FORMATS:
        raise InputError("--format", f"there is no format {name!r}", f"use {' or '.join(FORMATS)}")
    if name == "parquet":
        import importlib.util

        if importlib.util.find_spec("pyarrow") is None:
            from orchestrator.installer import install_extra

            raise InputError("--format parquet", "needs pyarrow", install_extra("hub"))
    if name in ON_DISK and to_stdout:
        raise InputError(f"--format {name}", "can't be written to stdout", "add -o FILE")


def _to_stdout(name: str, records: Records, on_progress: OnProgress) -> None:
    from orchestrator.cli.output import stdout_error

    try:
        _write(name, records, sys.stdout.buffer, on_progress, terminal=sys.stdout.isatty())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # a reader that has read enough isn't an error
    except OSError as error:
        raise stdout_error(error) from error


def _write(name: str, records: Records, file: IO[bytes], on_progress: OnProgress, *, terminal: bool) -> int:
    if name == "jsonl":
        from orchestrator.ledger.exporting.samples import write_jsonl

        return write_jsonl(records, file, on_progress)
    if name == "csv":
        from orchestrator.ledger.exporting.samples import write_csv
        from orchestrator.text.safe import safe

        return write_csv(records, file, on_progress, shown=safe if terminal else None)
    from orchestrator.ledger.exporting.parquet import write_parquet

    return write_parquet(records, file, on_progress)
