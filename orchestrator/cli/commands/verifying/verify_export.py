"""`manyfew verify-export`: texts without a verdict as files, to be judged on other machines."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.cli.verifying.verifier_flags import (
    MEMORY_MB,
    NAME,
    OPTION,
    SANDBOX,
    TIMEOUT,
    VERIFIER,
    options_given,
    sandbox_given,
)
from orchestrator.grammar import many
from orchestrator.text.command import command


def verify_export(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    folder: Path = typer.Argument(
        ..., help="The folder to make, which must not exist yet or be empty.", metavar="DIR"
    ),
    parts: int = typer.Option(
        ...,
        "--parts",
        min=1,
        max=100_000,
        help="Write N files: part-0.jsonl, part-1.jsonl and so on.",
        metavar="N",
    ),
    verifier: str | None = VERIFIER,
    option: list[str] | None = OPTION,
    name: str | None = NAME,
    timeout: str | None = TIMEOUT,
    memory_mb: int | None = MEMORY_MB,
    sandbox: str | None = SANDBOX,
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Write what has no verdict as files for other machines.

    Each distinct text without a verdict is in one part, with its problem. The parts hold no keys and none of the
    prompts sent. The ledger isn't changed. Judge each part with `manyfew verify-part`, then take the verdicts with
    `manyfew verify-import`.

    Example: manyfew verify-export runs/codecontests.db parts --parts 200
    """
    import shlex

    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.values import seconds
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.identity import check
    from orchestrator.report.live.counter import counting
    from orchestrator.run.verdicts.choose_verifier import StatedVerifier, verifier_of_ledger
    from orchestrator.run.verdicts.parts.export import export_parts
    from orchestrator.text.safe import safe

    check(db)
    if verifier == "reward":
        line = command("verify {} --verifier reward --budget 5", db)
        raise InputError("--verifier", "a reward model is asked over the network", line)
    stated = StatedVerifier(
        kind=verifier,
        name=name,
        options=options_given(option or ()),
        timeout_s=None if timeout is None else seconds(timeout, where="--timeout"),
        memory_mb=memory_mb,
        sandbox=sandbox_given(sandbox),
    )
    executor, wanted = verifier_of_ledger(
        db, stated, command("verify-export {} {} --parts {}", db, folder, parts)
    )
    if executor.asks:
        line = command("verify {} --verifier judge --budget 5", db)
        raise InputError("--verifier", "a judge is asked from here, where its money is booked", line)
    try:
        with counting("texts written", json_=json_) as show:
            done = export_parts(
                db,
                folder,
                parts,
                wanted,
                executor.bounds,
                judges_all=executor.is_inline,
                on_progress=show,
            )
    finally:
        executor.close()
    if json_:
        emit_json(
            {
                "name": wanted.name,
                "kind": wanted.kind,
                "version": wanted.version,
                "problems": done.problems,
                "texts": done.texts,
                "parts": parts,
                "files": [str(file) for file in done.files],
            }
        )
        return 0
    place = safe(shlex.quote(str(folder)))
    last = f" … part-{parts - 1}.jsonl" if parts > 1 else ""
    console().print(
        f"{many(done.texts, 'text')} of {many(done.problems, 'problem')} without a verdict of {safe(wanted.name, 60)}: "
        f"{place}/part-0.jsonl{last}.\nOn any machine: manyfew verify-part {place}/part-0.jsonl "
        f"-o {place}/verdicts-0.jsonl\nThen here: {command('verify-import {}', db)} {place}/verdicts-*.jsonl",
        markup=False,
        soft_wrap=True,
    )
    return 0
