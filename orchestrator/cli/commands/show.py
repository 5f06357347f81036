"""`manyfew show`: the samples themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from orchestrator.ledger.reading.samples.sampled_models import Which


def show(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    problem: str | None = typer.Argument(None, help="Show the samples of this problem.", metavar="PROBLEM"),
    model: list[str] | None = typer.Option(
        None, "--model", help="Show this model alone; repeatable.", metavar="ALIAS"
    ),
    right: bool = typer.Option(False, "--right", help="Show only samples that passed."),
    wrong: bool = typer.Option(False, "--wrong", help="Show only samples that are wrong."),
    no_verdict: bool = typer.Option(False, "--no-verdict", help="Show only samples without a verdict."),
    cut: bool = typer.Option(False, "--cut", help="Show only samples that were cut off at max_tokens."),
    full: bool = typer.Option(False, "--full", help="Show whole texts, and the reasoning."),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Show the samples themselves.

    Without PROBLEM: how many samples of each problem passed, by model, the hardest first. With PROBLEM: its prompt,
    its gold answer, and each sample's text, verdict, reason, tokens and dollars. Works while a run writes.

    Example: manyfew show runs/quickstart.db

    Example: manyfew show runs/quickstart.db gsm8k/1 --wrong
    """
    from orchestrator.cli.output import emit_json
    from orchestrator.cli.pager import paged

    which = _which({"right": right, "wrong": wrong, "no-verdict": no_verdict, "cut": cut})
    if problem is None:
        from orchestrator.ledger.reading.samples.pass_table import pass_table_document, read_pass_table

        rows = read_pass_table(db, model or (), which)
        if json_:
            emit_json(pass_table_document(rows))
            return 0
        from orchestrator.report.terminal.show import pass_table

        with paged() as out:
            for line in pass_table(rows, db, which, out.width):
                out.print(line)
        return 0
    from orchestrator.ledger.reading.samples.problem_samples import ProblemSamples, problem_document

    with ProblemSamples(db, problem, model or (), which) as of:
        if json_:
            emit_json(problem_document(of))
            return 0
        from orchestrator.report.terminal.show import problem_lines

        with paged() as out:
            for line in problem_lines(of, which, out.width, full=full):
                out.print(line)
    return 0


def _which(stated: dict[Which, bool]) -> Which:
    from orchestrator.errors import InputError

    chosen: list[Which] = [name for name, is_stated in stated.items() if is_stated]
    if len(chosen) > 1:
        flags = " and ".join(f"--{name}" for name in chosen)
        raise InputError("show", f"{flags} can't be combined", "use one of them")
    return chosen[0] if chosen else "all"
