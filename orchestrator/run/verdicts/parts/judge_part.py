"""Judges the texts of a part file, without a ledger: verdicts go to a file of their own, line by line."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.reading.samples.text_key import TextKey
from orchestrator.ledger.writing.rows import VerdictRow
from orchestrator.run.verdicts.case import Unjudged, bounded, verdict_row
from orchestrator.run.verdicts.judge import Judge, judge_all
from orchestrator.run.verdicts.parts.lines import FORMAT, VerdictLine, VerdictsLine
from orchestrator.run.verdicts.parts.part import Part
from orchestrator.run.verdicts.parts.verdicts_file import VerdictsFile
from orchestrator.run.verdicts.verify_ledger import Verified
from orchestrator.text.safe import safe
from verifiers.registry import FOREIGN, bounds_for, get
from verifiers.types import Sandbox, Verdict
from verifiers.workers.executor import Executor, LocalExecutor


class _NothingKnown:
    """A part's texts differ, and what its file of verdicts holds already isn't asked for."""

    def get(self, key: TextKey) -> Verdict | None:
        return None

    def keep(self, key: TextKey, verdict: Verdict) -> None:
        pass

    def close(self) -> None:
        pass


def executor_of(
    part: Part,
    *,
    kind: str | None,
    options: Mapping[str, Any],
    workers: int | None,
    sandbox: Sandbox | None,
) -> Executor:
    """The verifier that the part names, of the same version. `kind` and `options` are the user's own words: a part,
    which may be another person's, makes nothing run that they don't name. Raises InputError."""
    found, where = part.set, str(part.path)
    if kind is not None or options or found.kind in FOREIGN:
        _refuse_other_words(part, kind, options)
    try:
        bounds = bounds_for(
            found.kind,
            timeout_s=found.timeout_s,
            workers=workers,
            memory_mb=found.memory_mb,
            sandbox=sandbox,
        )
        executor = LocalExecutor(get(found.kind, found.options, bounds), found.options, bounds)
    except (ValueError, TypeError) as error:
        raise InputError(where, str(error), "use the manyfew that exported it") from error
    here = executor.verifier.version
    if here != found.version:
        raise InputError(
            where,
            f"it asks for the verifier {found.kind} {safe(found.version, 200)}; this machine has {safe(here, 200)}",
            "use the same Python, packages and manyfew as the machine that exported it",
        )
    return executor


def _refuse_other_words(part: Part, kind: str | None, options: Mapping[str, Any]) -> None:
    found = part.set
    if kind == found.kind and dict(options) == found.options:
        return
    words = " ".join(
        f"--option {shlex.quote(f'{key}={json.dumps(value)}')}" for key, value in found.options.items()
    )
    if kind is None and not options:
        message = f"the part names code to run ({found.kind}), which only you can tell to run"
    else:
        message = f"the part is for the verifier {found.kind} with other options than stated"
    raise InputError(str(part.path), message, f"add --verifier {found.kind} {safe(words)}".strip())


def judge_part(
    part: Part, out: Path, executor: Executor, on_progress: Callable[[int], None] = lambda _: None
) -> tuple[Verified, int]:
    """What it judged, and how many verdicts were there already. When it is interrupted, the verdicts made by then are
    kept. The caller closes the executor. Raises InputError."""
    head = VerdictsLine(
        format=FORMAT,
        manyfew=version("manyfew"),
        of=part.digest,
        judges_all=executor.is_inline,
        set=part.set,
    )
    done = Verified()
    with VerdictsFile(out, head) as file:
        there = sum(passed is not None for passed in file.there.values())

        def keep(rows: Sequence[VerdictRow]) -> None:
            file.append([_line(part, row) for row in rows])

        def counted(_: Unjudged, row: VerdictRow) -> None:
            done.add(row)
            on_progress(there + done.judged)

        if executor.is_batch:
            _judge_in_batches(part, executor, _left(part, file), keep, counted)
        else:
            with asyncio.Runner() as runner:
                interrupts.run(runner, _judge(part, executor, _left(part, file), keep, counted))
    return done, there


Keep = Callable[[Sequence[VerdictRow]], None]
Counted = Callable[[Unjudged, VerdictRow], None]


async def _judge(
    part: Part, executor: Executor, left: Iterator[Unjudged], keep: Keep, counted: Counted
) -> None:
    async def write(rows: Sequence[VerdictRow]) -> None:
        keep(rows)

    judge = Judge(executor, _NothingKnown(), part.data, write=write, on_verdict=counted)

    async def add() -> None:
        for sample in left:
            await judge.add(sample)
        await judge.drained()

    await judge_all(judge, add())


def _judge_in_batches(
    part: Part, executor: Executor, left: Iterator[Unjudged], keep: Keep, counted: Counted
) -> None:
    while some := list(islice(left, executor.size)):
        verdicts = executor.judge([(sample.text, part.data(sample.problem_id)) for sample in some])
        rows = [
            verdict_row(0, 0, executor.name, sample.key(), bounded(verdict, None))
            for sample, verdict in zip(some, verdicts, strict=True)
        ]
        keep(rows)
        for sample, row in zip(some, rows, strict=True):
            counted(sample, row)


def _left(part: Part, file: VerdictsFile) -> Iterator[Unjudged]:
    """The texts without a verdict; their problem's id is its place in the part."""
    for index, line in part.read():
        sample = Unjudged(
            alias="",
            model_id=0,
            problem_id=index,
            ordinal=index,
            sample_index=0,
            text=line.text,
            finish_reason=line.finish_reason,
        )
        problem = part.problem(index)
        if file.there.get((problem.sweep, problem.problem, sample.key()[1])) is None:
            yield sample


def _line(part: Part, row: VerdictRow) -> VerdictLine:
    problem = part.problem(row.problem_id)
    return VerdictLine(
        sweep=problem.sweep,
        problem=problem.problem,
        text=row.text_sha.hex(),
        passed=None if row.passed is None else bool(row.passed),
        answer=row.answer,
        score=row.score,
        reason=row.reason,
        evidence=row.evidence,
    )
