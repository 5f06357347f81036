"""Samples made elsewhere into a ledger, all or none: read, checked and set aside; then written in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.ledger.file.create import refuse_foreign
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.importing.costs import Costs, comparison, undated_note
from orchestrator.ledger.importing.formats.registry import reader_of
from orchestrator.ledger.importing.line import VALUE_COLUMNS, Line, Wrong
from orchestrator.ledger.importing.printed_results import IMPORT_FAILED
from orchestrator.ledger.importing.reader import Lost, Options, Reader
from orchestrator.ledger.importing.stage import RECORDS, Stage
from orchestrator.ledger.importing.tokenizer import counter
from orchestrator.ledger.importing.write import refuse_conflicts, write
from orchestrator.text.command import command

if TYPE_CHECKING:
    from orchestrator.problems.types import Problem

EVERY = 1000
_TEXT, _PROMPT, _COMPLETION = (
    VALUE_COLUMNS.index(name) for name in ("text", "prompt_tokens", "completion_tokens")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came in."""

    samples: int
    problems: int
    sweeps: tuple[str, ...]
    models: dict[str, int]
    """Samples by alias."""
    failed: int
    """Attempts that ended in an error and have no sample."""
    repeated: int
    """Samples that several of the files hold: taken once."""
    scorers: dict[str, int]
    """Verdicts that came along, by who gave them."""
    without_verdict: int
    without_text: int
    without_cost: int
    """Their cost is not known: null, and in no mean."""
    computed_cost: int
    """Their cost was computed from their tokens."""
    unpriced: dict[str, str]
    """Why tokens could not be priced, by alias."""
    other_problems: int
    """Problems whose question or gold answer the ledger has otherwise; its own hold."""
    described: int | None
    """Problems that were found in the source named; None: none was."""
    ignored: tuple[str, ...]
    """Keys of the lines that mean nothing here."""
    notes: tuple[str, ...]
    """What else there is to know of the files."""


def import_samples(
    files: Path | Sequence[Path],
    db: Path,
    on_progress: Callable[[int], None] = lambda _: None,
    options: Options | None = None,
    *,
    problems: Callable[[], Iterable[Problem]] | None = None,
) -> Imported:
    """Reads files of any format that is known, all of them or none, into the ledger at `db`, which is made if it is
    missing. `problems`: the data by which the samples can be judged, put to the problems of the
    same key. Anything wrong: InputError that names the record, and the ledger stays byte for byte."""
    refuse_foreign(db)
    given = [files] if isinstance(files, Path) else files
    options = options or Options()
    described = None if problems is None else list(problems())
    if described is not None:
        options = replace(options, keys=tuple(one.key for one in described))
    costs = Costs(options)
    readers = [reader_of(file, options) for file in {file.resolve(): file for file in given}.values()]
    with Stage(lambda place: readers[place // RECORDS].where(place % RECORDS)) as stage:
        with all_or_nothing(db, IMPORT_FAILED):
            _Intake(stage, costs, options, on_progress).take(readers)
            if not stage.samples:
                raise InputError(str(given[0]), *_nothing(stage))
            costs.check_used()
            found = None if described is None else _describe(stage, described)
            stage.done()
            with acquire(db) as lock:
                if db.exists() and db.stat().st_size > 0:
                    refuse_conflicts(stage.connection, db, stage.where)
                others = write(stage, lock)
        notes = [note for reader in readers for note in reader.notes]
        for alias, one in costs.compared.items():
            by = "--price" if alias in options.prices else "the price book"
            notes += [said] if (said := comparison(alias, one, by)) else []
        notes += undated_note(costs)
        return _summary(stage, costs, notes, others, found)


def _nothing(stage: Stage) -> tuple[str, str]:
    """Why there is nothing to import, and the remedy."""
    failed, first = stage.connection.execute("SELECT count(*), min(message) FROM lost").fetchone()
    if not failed:
        return "holds no sample", f"see {command('import --help')} for what is read"
    plural = "s" if failed > 1 else ""
    message = f"holds no sample: {failed:,} attempt{plural} ended in an error, such as {str(first)[:200]!r}"
    return message, "run the evaluation again"


def _describe(stage: Stage, problems: Iterable[Problem]) -> int:
    return stage.describe((one.key, json.dumps(one.data, ensure_ascii=False)) for one in problems)


class _Intake:
    """From the readers to the stage."""

    def __init__(
        self, stage: Stage, costs: Costs, options: Options, on_progress: Callable[[int], None]
    ) -> None:
        self._stage = stage
        self._costs = costs
        self._on_progress = on_progress
        self._count = None if options.tokenizer is None else counter(options.tokenizer)
        self._counted = 0

    def take(self, readers: Sequence[Reader]) -> None:
        for number, reader in enumerate(readers):
            try:
                self._read(number * RECORDS, reader)
            except InputError:
                self._stage.flush()  # an earlier record may be wrong too
                raise
        self._stage.flush()
        if self._count is not None and not self._counted:
            message = "every sample says its tokens already"
            raise InputError("--tokenizer", message, "leave it out")

    def _read(self, start: int, reader: Reader) -> None:
        lost: list[Lost] = []
        aliases: set[str] = set()
        states_index, once, counts = reader.states_index, reader.has_each_once, self._count is not None
        read = 0
        for one in reader:
            if isinstance(one, Lost):
                if one.model is None:
                    lost.append(one)
                    continue
                self._stage.lose(start + one.record, one, sweep=reader.sweep, model=one.model)
                continue
            line = self._with_tokens(one.line) if counts else one.line
            if len(aliases) < 2:
                aliases.add(line.model)
            try:
                self._stage.add(
                    start + one.record,
                    line,
                    self._costs.of(line),
                    sweep=line.sweep or reader.sweep,
                    states_index=states_index,
                    once=once,
                )
            except Wrong as wrong:
                raise InputError(reader.where(one.record), wrong.message, wrong.remedy) from None
            read += 1
            if read % EVERY == 0:
                self._on_progress(self._stage.samples)
        if lost and len(aliases) == 1:
            for one in lost:
                self._stage.lose(start + one.record, one, sweep=reader.sweep, model=next(iter(aliases)))
        elif lost:
            reader.notes.append(
                f"{many(len(lost), 'request')} brought no reply, and nothing says of which model."
            )

    def _with_tokens(self, line: Line) -> Line:
        if self._count is None or line.values[_COMPLETION] is not None or line.values[_TEXT] is None:
            return line
        self._counted += 1
        values = list(line.values)
        values[_COMPLETION] = self._count([line.values[_TEXT]])[0]
        if line.question is not None:
            values[_PROMPT] = self._count([line.question])[0]
        return _with_values(line, tuple(values))


def _with_values(line: Line, values: tuple[object, ...]) -> Line:
    import msgspec

    return msgspec.structs.replace(line, values=values)


def _summary(stage: Stage, costs: Costs, notes: list[str], others: int, described: int | None) -> Imported:
    ask = stage.connection.execute
    models, bases, scorers = Counter[int](), Counter[str](), Counter[str]()
    without_verdict = without_text = 0
    for (model, basis, judge, is_unjudged, is_textless), count in stage.tally.items():
        models[model] += count
        bases[basis] += count
        if judge is not None:
            scorers[judge] += count
        without_verdict += is_unjudged and count
        without_text += is_textless and count
    by_alias = Counter[str]()
    for model, alias in ask("SELECT id, alias FROM model ORDER BY id"):
        if model in models:
            by_alias[alias] += models[model]
    return Imported(
        samples=stage.samples,
        problems=ask("SELECT count(*) FROM problem").fetchone()[0],
        sweeps=tuple(name for (name,) in ask("SELECT sweep FROM model GROUP BY sweep ORDER BY min(id)")),
        models=dict(by_alias),
        failed=ask("SELECT count(*) FROM lost").fetchone()[0],
        repeated=stage.repeated,
        scorers=dict(sorted(scorers.items())),
        without_verdict=without_verdict,
        without_text=without_text,
        without_cost=bases["none"],
        computed_cost=bases["computed"],
        unpriced=costs.unpriced if bases["none"] else {},
        other_problems=others,
        described=described,
        ignored=tuple(name for name, _ in stage.unknown.most_common(20)),
        notes=tuple(notes),
    )
