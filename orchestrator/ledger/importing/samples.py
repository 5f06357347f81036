"""Samples made elsewhere into a ledger, all or none: read, checked and set aside; then written in one transaction."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from orchestrator.errors import InputError
from orchestrator.ledger.file.create import refuse_foreign
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.importing.completions_line import Completions, is_completions
from orchestrator.ledger.importing.line import Line, Wrong, parse
from orchestrator.ledger.importing.monkeys import Monkeys, Options
from orchestrator.ledger.importing.monkeys_file import is_monkeys
from orchestrator.ledger.importing.printed_results import IMPORT_FAILED
from orchestrator.ledger.importing.stage import Stage
from orchestrator.ledger.importing.write import refuse_conflicts, write

if TYPE_CHECKING:
    from orchestrator.problems.types import Problem

LONGEST_LINE = 256 << 20
EVERY = 1000
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came in."""

    samples: int
    problems: int
    sweeps: tuple[str, ...]
    models: dict[str, int]
    """Samples by alias."""
    without_verdict: int
    without_text: int
    without_cost: int
    """Their cost is not known: null, and in no mean."""
    other_problems: int
    """Problems whose question or gold answer the ledger has otherwise; its own hold."""
    described: int | None
    """Problems that were found in the source named; None: none was."""
    ignored: tuple[str, ...]
    """Keys of the lines that mean nothing here."""


def import_samples(
    file: Path,
    db: Path,
    on_progress: Callable[[int], None] = lambda _: None,
    options: Options | None = None,
    *,
    model: str | None = None,
    problems: Callable[[], Iterable[Problem]] | None = None,
) -> Imported:
    """Reads JSON Lines as export writes them (gzip if the name ends in .gz), HumanEval's samples.jsonl, or a file of
    monkey_business, into the ledger at `db`, which is made if there is none. `options` are for the last two,
    `model` names the model of the second. `problems`: the data by which the samples can be judged, put to the problems
    of the same key. One bad line: InputError that names it, and the ledger stays byte for byte."""
    refuse_foreign(db)
    monkeys = Monkeys(file, options or Options()) if is_monkeys(file) else None
    staged = Stage(_sweep_name(file)) if monkeys is None else Stage(monkeys.sweep, monkeys.line_of)
    with staged as stage:
        with all_or_nothing(db, IMPORT_FAILED):
            if monkeys is None:
                _read(file, stage, on_progress, lambda first: _reader(first, file, model, options))
            else:
                _take(file, monkeys, stage, on_progress)
            described = None if problems is None else _describe(stage, problems())
            stage.done()
            with acquire(db) as lock:
                if db.exists() and db.stat().st_size > 0:
                    refuse_conflicts(stage.connection, db, str(file), stage.line_of)
                others = write(stage.connection, lock)
        return _summary(stage, others, described)


def _describe(stage: Stage, problems: Iterable[Problem]) -> int:
    return stage.describe((one.key, json.dumps(one.data, ensure_ascii=False)) for one in problems)


Parse = Callable[[bytes], Line]


def _read(
    file: Path, stage: Stage, on_progress: Callable[[int], None], reader: Callable[[bytes], Parse]
) -> None:
    """`reader` chooses by the first line."""
    read: Parse | None = None
    for number, raw in _lines(file):
        line = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
        if not line:
            continue
        read = read or reader(line)
        try:
            if len(line) > LONGEST_LINE:
                raise Wrong(f"is longer than {LONGEST_LINE >> 20} MiB", "one JSON object a line")
            stage.add(number, read(line))
        except Wrong as wrong:
            raise InputError(f"{file}:{number}", wrong.message, wrong.remedy) from None
        if number % EVERY == 0:
            on_progress(number)
    if not stage.samples:
        raise InputError(
            str(file), "holds no sample", "one JSON object a line, as export --format jsonl writes"
        )


def _reader(first: bytes, file: Path, model: str | None, options: Options | None) -> Parse:
    if is_completions(first):
        if options is not None and options.tokenizer is not None:
            message = "--tokenizer is for files in the format of monkey_business"
            raise InputError(str(file), message, "state --usd-per-sample instead")
        return Completions(model or _sweep_name(file), None if options is None else options.cost_pico).parse
    if model is not None:
        message = "--model is for lines of task_id and completion, which don't say it"
        raise InputError(str(file), message, "leave it out: the lines say their model")
    if options is not None:
        message = "--tokenizer and --usd-per-sample are for samples that say nothing of their cost"
        raise InputError(str(file), message, "state cost_usd and tokens in the lines themselves")
    return parse


def _take(file: Path, monkeys: Monkeys, stage: Stage, on_progress: Callable[[int], None]) -> None:
    for sample in monkeys:
        try:
            stage.add(sample.number, sample.line)
        except Wrong as wrong:
            where = f"{file}:{monkeys.line_of(sample.number)}"
            raise InputError(where, wrong.message, wrong.remedy) from None
        if stage.samples % EVERY == 0:
            on_progress(stage.samples)
    if not stage.samples:
        raise InputError(str(file), "holds no sample", "a record a problem, with its samples")


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with _open(file) as lines:
            number = 0
            while raw := lines.readline(LONGEST_LINE + 3):
                number += 1
                yield number, raw
    except FileNotFoundError:
        raise InputError(
            str(file), "there is no such file", "name what export --format jsonl wrote"
        ) from None
    except IsADirectoryError:
        raise InputError(str(file), "this is a folder, not a file", "name the file in it") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(str(file), f"the gzip file is damaged: {error}", "download it again") from None
    except OSError as error:
        raise InputError(
            str(file), f"can't be read: {error.strerror or error}", "check its permissions"
        ) from error


def _open(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _sweep_name(file: Path) -> str:
    """The file's name without its endings: what the sweep is called if a line doesn't say."""
    return Path(file.name.removesuffix(".gz")).stem


def _summary(stage: Stage, others: int, described: int | None) -> Imported:
    ask = stage.connection.execute
    without_verdict, without_text, without_cost = ask(
        "SELECT count(*) - count(passed), count(*) - count(text), count(*) - count(cost_pico) FROM sample"
    ).fetchone()
    return Imported(
        samples=stage.samples,
        problems=ask("SELECT count(*) FROM problem").fetchone()[0],
        sweeps=tuple(name for (name,) in ask("SELECT sweep FROM model GROUP BY sweep ORDER BY min(id)")),
        models=dict(
            ask(
                "SELECT alias, count(*) FROM sample JOIN model ON model.id = sample.model "
                "GROUP BY alias ORDER BY min(model.id)"
            )
        ),
        without_verdict=without_verdict,
        without_text=without_text,
        without_cost=without_cost,
        other_problems=others,
        described=described,
        ignored=tuple(name for name, _ in stage.unknown.most_common(20)),
    )
