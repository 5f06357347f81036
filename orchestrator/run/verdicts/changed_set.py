"""What became of a ledger's current set of verdicts, in words."""

from __future__ import annotations

from pathlib import Path

from orchestrator.ledger.verdict_sets.change import SetChange
from orchestrator.text.command import command
from orchestrator.text.safe import safe


def use_line(path: Path, name: str) -> str:
    """The command that makes a set the current one."""
    return command("verdicts {} --use {}", path, name)


def changed_set(path: Path, change: SetChange | None) -> list[str]:
    """That another set is current now, or that a former version's verdicts have another name; none where neither is."""
    if change is None:
        return []
    now = safe(change.now.name, 60)
    if change.kept_as is not None:
        version, kept = safe(change.now.version, 60), safe(change.kept_as, 100)
        return [
            f"{now} has a new version ({version}): the former one's verdicts are kept as the set {kept!r}"
        ]
    if change.before is None:
        return []
    before = safe(change.before.name, 60)
    back = use_line(path, change.before.name)
    return [f"the current set of verdicts is {now!r} now; it was {before!r}. To go back: {back}"]
