"""What commands that give verdicts say at their end."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from orchestrator.cli.output import console, emit_json
from orchestrator.ledger.reading.compared_sets import compare_sets
from orchestrator.ledger.reading.samples.one_sided import one_sided_models
from orchestrator.report.terminal.verdict_sets import print_change, print_verified
from orchestrator.run.missing_packages import in_words, missing_packages
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.run.verdicts.verify_ledger import Verified

MOST_REASONS = 5


def show_verified(db: Path, done: Verified, *, json_: bool) -> int:
    """Of the set that is current now: its counts, where it differs from the set before, and why some have no
    verdict."""
    assert done.change is not None
    now = done.change.now
    compared = compare_sets(db, now, done.change.before)
    missing = missing_packages(db, now.verifier)
    document = {
        "name": now.name,
        "kind": now.kind,
        "version": now.version,
        "judged": done.judged,
        **asdict(compared.now),
        "before": None
        if done.change.before is None or compared.before is None
        else {"name": done.change.before.name, "right": compared.before.right},
        "agreement": asdict(compared.agreement),
        "reasons": dict(done.reasons.most_common(MOST_REASONS)),
        "missing_packages": dict(missing),
    }
    if json_:
        emit_json(document)
        return 0
    out = console()
    print_verified(out, db, done, compared)
    for reason, count in done.reasons.most_common(MOST_REASONS):
        out.print(f"  no verdict: {safe(reason, 200)} ({count:,})")
    for line in in_words(missing):
        out.print(f"  {line}")
    for alias, words in one_sided_models(db).items():
        out.print(f"warning: {safe(alias, 60)}: {words}", markup=False)
    print_change(out, db, done.change, compared)
    return 0
