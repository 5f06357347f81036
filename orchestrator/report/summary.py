"""What is said when a run has ended: how, what was learnt, what it cost, what failed, and the next command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.progress import ModelProgress, Progress
from orchestrator.report.money import usd
from orchestrator.report.safe import safe
from orchestrator.report.span import span

ENDINGS = {
    "complete": "Complete: nothing is left to ask.",
    "incomplete": "Ended, but some samples failed for good.",
    "budget": "The budget stopped it.",
    "provider": "A provider could not go on.",
    "interrupted": "Interrupted.",
}
MOST_WARNINGS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended, as the summary needs it. `before` holds the ledger's figures at its start."""

    status: str
    reason: str | None
    warnings: list[str]
    db: Path
    sweep: Path
    before: Progress | None = None
    leftovers: int = 0
    """Requests of an earlier run that were presumed at the start."""


def summary(progress: Progress, ending: Ending) -> RenderableType:
    """The closing lines."""
    parts: list[RenderableType] = [Text(""), _headline(progress, ending), _table(progress), Text("")]
    parts.append(Text(_cost(progress, ending)))
    if ending.leftovers:
        parts.append(
            Text(
                f"{ending.leftovers} requests of an earlier run had no known outcome: they stay charged as presumed."
            )
        )
    parts += [Text(f"warning: {safe(line)}", style="yellow") for line in _warnings(ending)]
    parts += [Text(f"Next: {command}") for command in next_commands(progress, ending)]
    return Group(*parts)


def _headline(progress: Progress, ending: Ending) -> Text:
    text = Text(safe(progress.name, 60), style="bold")
    text.append(f": {ENDINGS[ending.status]}", style="default")
    if ending.reason and ending.status != "complete":
        text.append(f" {safe(ending.reason)}", style="default")
    return text


def _table(progress: Progress) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in (
        "model",
        "samples",
        "failed",
        "solved",
        "right",
        "settled",
        "presumed",
        "requests",
        "retries",
    ):
        table.add_column(column, justify="left" if column == "model" else "right", no_wrap=True)
    for m in progress.models:
        table.add_row(
            Text(safe(m.alias, 24)),
            f"{m.done:,}/{m.planned:,}",
            f"{m.failed:,}" if m.failed else "-",
            f"{m.solved_problems}/{m.problems}",
            f"{m.passed / m.verified:.1%}" if m.verified else "-",
            usd(m.settled_pico),
            usd(m.presumed_pico) if m.presumed_pico else "-",
            f"{m.requests:,}",
            f"{m.retries:,}" if m.retries else "-",
        )
    return table


def _cost(progress: Progress, ending: Ending) -> str:
    text = f"In all runs of this ledger: {money(progress)}."
    if ending.before is not None:
        text += f" This run: {_session(progress, ending.before)} in {span(progress.elapsed_s)}."
    if any(m.replayed for m in progress.models):
        text += " Replayed dollars are those of a recording: nothing was spent."
    return text


def _session(progress: Progress, before: Progress) -> str:
    done = _done(progress) - _done(before)
    spent = progress.settled_pico + progress.presumed_pico - before.settled_pico - before.presumed_pico
    replayed = progress.replayed_pico - before.replayed_pico
    return f"{done:,} samples, {usd(spent)}" + (f" and {usd(replayed)} replayed" if replayed else "")


def _done(progress: Progress) -> int:
    return sum(m.done for m in progress.models)


def _warnings(ending: Ending) -> list[str]:
    more = len(ending.warnings) - MOST_WARNINGS
    return ending.warnings[:MOST_WARNINGS] + ([f"and {more} further kinds"] if more > 0 else [])


def next_commands(progress: Progress, ending: Ending) -> list[str]:
    """The commands worth typing now."""
    db, sweep = shlex.quote(str(ending.db)), shlex.quote(str(ending.sweep))
    commands: list[str] = []
    where = "" if ending.db.parent == Path("runs") else f" --db {db}"
    if ending.status == "budget":
        commands.append(f"manyfew run {sweep}{where} --budget {_more(progress)}")
    elif ending.status in ("interrupted", "incomplete", "provider"):
        commands.append(f"manyfew run {sweep}{where}   (it goes on where this ledger ends)")
    if any(m.verified for m in progress.models):
        commands.append(f"manyfew frontier {db}")
    return commands


def _more(progress: Progress) -> str:
    """A budget that the plan's means say would do, rounded up to cents: what was spent a sample, for all samples."""
    total = sum(_needed(m) for m in progress.models if not m.replayed)
    return f"{max(total, 2 * progress.budget_pico) / 1e12:.2f}"


def _needed(m: ModelProgress) -> int:
    held = m.settled_pico + m.presumed_pico
    return -(-held * m.planned // m.done) if m.done else held


def money(progress: Progress) -> str:
    """settled, presumed, reserved and left of the budget, in words."""
    left = progress.budget_pico - progress.settled_pico - progress.presumed_pico - progress.reserved_pico
    text = (
        f"{usd(progress.settled_pico)} settled + {usd(progress.presumed_pico)} presumed + "
        f"{usd(progress.reserved_pico)} reserved, {usd(left)} left of {usd(progress.budget_pico)}"
    )
    return text + (f", {usd(progress.replayed_pico)} replayed" if any(m.replayed for m in progress.models) else "")
