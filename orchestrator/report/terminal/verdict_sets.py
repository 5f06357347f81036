"""Sets of verdicts for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from orchestrator.grammar import many
from orchestrator.run.verdicts.changed_set import use_line
from orchestrator.text.command import command
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.ledger.reading.compared_sets import ComparedSets
    from orchestrator.ledger.verdict_sets.change import SetChange
    from orchestrator.run.verdicts.verify_ledger import Verified

NAME = 40


def print_verified(out: Console, db: Path, done: Verified, compared: ComparedSets) -> None:
    """What `verify` did, and what its set says now."""
    assert done.change is not None
    now, name = compared.now, safe(done.change.now.name, NAME)
    out.print(
        f"{many(done.judged, 'sample')} judged. The set {name}: {now.right:,} right, {now.wrong:,} wrong"
        + (f", {now.no_verdict:,} without a verdict" if now.no_verdict else "")
        + f". Next: {command('frontier {}', db)}",
        markup=False,
    )


def print_change(out: Console, db: Path, change: SetChange, compared: ComparedSets) -> None:
    """What changed against the set that was current, and the way back."""
    if change.before is None or compared.before is None:
        return
    this, before = safe(change.now.name, NAME), safe(change.before.name, NAME)
    if change.kept_as is not None:
        out.print(
            f"The verdicts of the former version are kept as the set {safe(change.kept_as, 100)}.",
            markup=False,
        )
    out.print(
        f"Right by {this}: {compared.now.right:,}. Right by {before}: {compared.before.right:,}.",
        markup=False,
    )
    found = compared.agreement
    _print_agreement(out, this, before, (found.both, found.only_this, found.only_before, found.neither))
    out.print(
        f"To make {before} current again: {use_line(db, change.before.name)}", markup=False, soft_wrap=True
    )


def print_sets(out: Console, db: Path, document: Mapping[str, Any]) -> None:
    """The screen of `verdicts`."""
    sets = document["sets"]
    if not sets:
        out.print(f"No verdicts yet. To make some: {command('verify {}', db)}", markup=False)
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for head in ("set", "verifier"):
        table.add_column(head, overflow="fold")
    for head in ("right", "wrong", "no verdict"):
        table.add_column(head, justify="right")
    for one in sets:
        verifier = f"{one['kind']} {one['version']}".strip()
        table.add_row(
            Text(safe(one["name"], NAME) + (" (current)" if one["current"] else "")),
            Text(safe(verifier, 80)),
            *(f"{one[key]:,}" for key in ("right", "wrong", "no_verdict")),
        )
    out.print(table)
    for pair in document["agreement"]:
        counts = tuple(pair[key] for key in ("both", "only_this", "only_before", "neither"))
        _print_agreement(out, safe(pair["this"], NAME), safe(pair["before"], NAME), counts)
    other = next((one for one in sets if not one["current"]), None)
    if other is not None:
        out.print(f"To make another set current: {use_line(db, other['name'])}", markup=False, soft_wrap=True)


def _print_agreement(out: Console, this: str, before: str, counts: tuple[int, ...]) -> None:
    """Samples that both sets judged."""
    both, only_this, only_before, neither = counts
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("samples judged by both", overflow="fold")
    table.add_column(Text(f"right by {before}"), justify="right", overflow="fold")
    table.add_column(Text(f"wrong by {before}"), justify="right", overflow="fold")
    table.add_row(Text(f"right by {this}"), f"{both:,}", f"{only_this:,}")
    table.add_row(Text(f"wrong by {this}"), f"{only_before:,}", f"{neither:,}")
    out.print(table)
