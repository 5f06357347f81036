"""Writes the texts that lack a verdict as part files, in a new folder that appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.folder import make_folder, sync_folder
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.for_run.lacking_texts import LackingTexts
from orchestrator.ledger.reading.for_run.unjudged import VerdictReader
from orchestrator.ledger.verdict_sets.change import WantedSet
from orchestrator.run.verdicts.parts.lines import (
    FORMAT,
    EndLine,
    PartLine,
    ProblemLine,
    SetOfVerdicts,
    TextLine,
    written,
)
from verifiers.types import Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What the parts hold, together."""

    files: tuple[Path, ...]
    problems: int
    texts: int


def export_parts(
    db: Path,
    folder: Path,
    parts: int,
    wanted: WantedSet,
    bounds: Bounds,
    *,
    judges_all: bool,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Exported:
    """Texts of one problem stay together, and parts differ by one text at most. Raises InputError."""
    with new_folder(folder) as place, reading(db), closing(open_reader(db)) as connection:
        connection.execute("BEGIN")  # everything read is from the same moment
        with closing(VerdictReader(db, wanted.verifier)) as known:
            texts = LackingTexts(connection, known, wanted, judges_all=judges_all)
        the_set = SetOfVerdicts(
            name=wanted.name,
            kind=wanted.kind,
            version=wanted.version,
            options=dict(wanted.options),
            timeout_s=bounds.timeout_s,
            memory_mb=bounds.memory_mb,
        )
        names = [f"part-{number}.jsonl" for number in range(parts)]
        problems: set[int] = set()
        for number, name in enumerate(names):
            part = PartLine(format=FORMAT, manyfew=version("manyfew"), part=number, parts=parts, set=the_set)
            start, end = number * texts.count // parts, (number + 1) * texts.count // parts
            problems |= _write_part(connection, place / name, part, texts, start, end)
            on_progress(end)
    return Exported(files=tuple(folder / name for name in names), problems=len(problems), texts=texts.count)


def _write_part(
    connection: sqlite3.Connection, file: Path, part: PartLine, texts: LackingTexts, start: int, end: int
) -> set[int]:
    """The problems that it holds."""
    problems: set[int] = set()
    with file.open("wb") as out:
        out.write(written(part))
        for row in texts.read(start, end):
            if row["problem_id"] not in problems:
                problems.add(row["problem_id"])
                out.write(written(_problem(connection, row["problem_id"])))
            text = row["text"].encode("utf-8", "replace").decode("utf-8")
            out.write(written(TextLine(text=text, finish_reason=row["finish_reason"])))
        out.write(written(EndLine(problems=len(problems), texts=end - start)))
        out.flush()
        os.fsync(out.fileno())
    return problems


def _problem(connection: sqlite3.Connection, problem_id: int) -> ProblemLine:
    sweep, key, data = connection.execute(
        "SELECT sweep.name, problem.key, problem.data FROM problem JOIN sweep ON sweep.id = problem.sweep_id "
        "WHERE problem.id = ?",
        (problem_id,),
    ).fetchone()
    return ProblemLine(sweep=sweep, problem=key, data=json.loads(data))


@contextmanager
def new_folder(target: Path) -> Generator[Path]:
    """A folder to fill, which becomes `target` at the end; that may be there already if it is empty. Raises
    InputError."""
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise InputError(
                str(target), "already exists and is left as it is", "name another folder, or empty this one"
            )
        make_folder(target.resolve().parent)
        place = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.resolve().parent))
        try:
            with interrupts.undone(lambda: shutil.rmtree(place, ignore_errors=True)):
                yield place
                place.chmod(0o777 & ~_umask())
                sync_folder(place)
                place.rename(target.resolve())
                sync_folder(target.resolve().parent)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise InputError(
            str(target), f"can't be written: {error.strerror or error}", "name another place"
        ) from error


def _umask() -> int:
    """Temporary folders are for their owner alone; this one is for whoever may read what manyfew writes."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
