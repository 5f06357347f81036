"""`manyfew verify-import`: verdicts that other machines made, into the ledger."""

from __future__ import annotations

from pathlib import Path

import typer


def verify_import(
    db: Path = typer.Argument(..., help="The ledger that the parts were exported from.", metavar="DB"),
    verdicts: list[Path] = typer.Argument(..., help="Files that `verify-part` wrote.", metavar="VERDICTS…"),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Take verdicts that other machines made into the ledger.

    They become the current set, as after `verify`. Files may come in any order, twice, or before their part is
    finished; samples of parts that never come stay without a verdict. A file that doesn't fit is rejected whole.

    Example: manyfew verify-import runs/codecontests.db parts/verdicts-*.jsonl
    """
    from orchestrator.cli.verifying.verified import show_verified
    from orchestrator.ledger.file.identity import check
    from orchestrator.ledger.file.lock import acquire
    from orchestrator.report.live.counter import counting
    from orchestrator.run.verdicts.parts.take import take_verdicts
    from orchestrator.run.verdicts.public_tests import add_public_set

    check(db)
    with acquire(db) as lock:
        with counting("samples", json_=json_) as show:
            done = take_verdicts(lock, verdicts, show)
        if done.change is not None:
            add_public_set(lock, done.change.now)
    return show_verified(db, done, json_=json_)
