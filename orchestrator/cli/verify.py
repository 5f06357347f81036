"""`manyfew verify`: verdicts for what has none, or anew with another verifier. Spends nothing."""

from __future__ import annotations

from pathlib import Path

import typer


def verify(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    verifier: str | None = typer.Option(
        None, "--verifier", help="Judge everything anew with this kind, such as numeric.", metavar="KIND"
    ),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> int:
    """Judge the samples that have no verdict; with --verifier, all of them anew.

    Example: manyfew verify runs/quickstart.db --verifier numeric
    """
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.identity import check
    from orchestrator.ledger.lock import acquire
    from orchestrator.report.counter import counting
    from orchestrator.run.verify import verifier_of, verify_ledger

    check(db)
    chosen = verifier_of(db, verifier)
    lock = acquire(db)
    try:
        with counting("verifying", json_=json_) as told:
            done = verify_ledger(db, chosen, anew=verifier is not None, told=told)
    finally:
        lock.release()
    document = {
        "verifier": f"{chosen.kind}/{chosen.version}",
        "judged": done.judged,
        "passed": done.passed,
        "failed": done.failed,
        "undecided": done.undecided,
    }
    if json_:
        emit_json(document)
        return 0
    console().print(
        f"{done.judged:,} samples judged by {document['verifier']}: {done.passed:,} right, {done.failed:,} wrong"
        + (f", {done.undecided:,} could not be told" if done.undecided else "")
        + f". Next: manyfew frontier {db}"
    )
    return 0
