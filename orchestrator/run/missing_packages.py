"""Programs that failed for want of a package: what they say of a model is not that it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from orchestrator.grammar import by, many
from orchestrator.ledger.file.reader import open_reader
from orchestrator.text.safe import safe
from verifiers.code.missing import REASON, packages_missing

MOST_NAMED = 8

BY_REASON = """
SELECT reason, count(*) FROM verdict WHERE verifier = ? AND substr(reason, 1, ?) = ? GROUP BY reason"""


def missing_packages(path: Path, verifier: str) -> Mapping[str, int]:
    """Different answers that this verifier could not judge, or called wrong, for that reason, by package."""
    with closing(open_reader(path)) as connection:
        rows = connection.execute(BY_REASON, (verifier, len(REASON), REASON)).fetchall()
    return packages_missing(dict(rows))


def in_words(packages: Mapping[str, int]) -> list[str]:
    """The same for people, on one line; none if there are none."""
    if not packages:
        return []
    most = sorted(packages.items(), key=lambda item: (-item[1], item[0]))
    names = ", ".join(f"{safe(name, 60)} ({count:,})" for name, count in most[:MOST_NAMED])
    more = f" and {len(most) - MOST_NAMED:,} more" if len(most) > MOST_NAMED else ""
    answers = sum(packages.values())
    need = f"{many(answers, 'different answer')} {by(answers, 'needs', 'need')}"
    return [f"{need} packages that the sandbox does not have: {names}{more}"]
