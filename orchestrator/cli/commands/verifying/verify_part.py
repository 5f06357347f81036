"""`manyfew verify-part`: judges the texts of one part file, without a ledger and without a network."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.cli.verifying.verifier_flags import OPTION, SANDBOX, WORKERS, options_given, sandbox_given
from orchestrator.grammar import by, many


def verify_part(
    part: Path = typer.Argument(..., help="A file that `verify-export` wrote.", metavar="PART"),
    out: Path = typer.Option(
        ..., "-o", "--output", help="Add the verdicts to this file.", metavar="VERDICTS"
    ),
    workers: int | None = WORKERS,
    sandbox: str | None = SANDBOX,
    verifier: str | None = typer.Option(
        None,
        "--verifier",
        help="Run this verifier, which runs code of yours, such as command.",
        metavar="KIND",
    ),
    option: list[str] | None = OPTION,
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Judge the texts of one part, on any machine.

    Needs manyfew and what the verifier needs, no ledger and no network. The verifier must be of the same version as
    where the part was exported. Verdicts are added to VERDICTS as they are made. Run the same command again after
    an interruption: it continues.

    Example: manyfew verify-part parts/part-0.jsonl -o parts/verdicts-0.jsonl
    """
    import shlex

    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.verifying.verified import MOST_REASONS
    from orchestrator.errors import InputError
    from orchestrator.report.live.counter import counting
    from orchestrator.run.verdicts.choose_verifier import lack_of_data
    from orchestrator.run.verdicts.parts.judge_part import executor_of, judge_part
    from orchestrator.run.verdicts.parts.part import Part
    from orchestrator.text.safe import safe

    with Part(part) as opened:
        executor = executor_of(
            opened,
            kind=verifier,
            options=options_given(option or ()),
            workers=workers,
            sandbox=sandbox_given(sandbox),
        )
        lacking = lack_of_data(executor.verifier, (problem.data for problem in opened.problems()))
        if lacking is not None:
            raise InputError(str(part), *lacking)
        try:
            with counting(f"verdicts of {opened.texts:,}", json_=json_) as show:
                done, there = judge_part(opened, out, executor, show)
        finally:
            executor.close()
    reasons = dict(done.reasons.most_common(MOST_REASONS))
    if json_:
        emit_json(
            {
                "name": opened.set.name,
                "kind": opened.set.kind,
                "version": opened.set.version,
                "texts": opened.texts,
                "judged": done.judged,
                "before": there,
                "right": done.passed,
                "wrong": done.failed,
                "no_verdict": done.undecided,
                "reasons": reasons,
            }
        )
        return 0
    screen = console()
    line = f"{many(done.judged, 'text')} judged: {done.passed:,} right, {done.failed:,} wrong"
    line += f", {done.undecided:,} without a verdict" if done.undecided else ""
    line += f"; {there:,} {by(there, 'was', 'were')} judged before" if there else ""
    screen.print(f"{line}. Verdicts: {safe(shlex.quote(str(out)))}", markup=False, soft_wrap=True)
    for reason, count in reasons.items():
        screen.print(f"  no verdict: {safe(reason, 200)} ({count:,})", markup=False)
    return 0
