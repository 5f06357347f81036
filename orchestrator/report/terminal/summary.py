"""What is said when a run has ended: how, what was learnt, what it cost, what failed, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.grammar import many
from orchestrator.ledger.reading.money.failures import Failures
from orchestrator.progress import ModelProgress, Progress
from orchestrator.report.budget_parts import dollars, parts_of
from orchestrator.report.figures import ALL_ASKED
from orchestrator.report.terminal.lessons import joint_lesson, lessons
from orchestrator.report.terminal.summary_table import ModelsTable
from orchestrator.report.terminal.warnings_table import WarningsTable, warning_rows
from orchestrator.text.command import command
from orchestrator.text.duration import span
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

ENDINGS = {
    "complete": "done: all samples collected.",
    "incomplete": "ended, but some samples failed for good.",
    "budget": "stopped by the budget.",
    "provider": "stopped, since a model can't go on.",
    "interrupted": "interrupted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended, as the summary needs it. `before` holds the ledger's figures at its start."""

    status: str
    reason: str | None
    warnings: Sequence[str]
    db: Path
    sweep: Path
    before: Progress | None = None
    failures: Sequence[Failures] = ()
    """How requests of this run failed."""
    failed_samples: Sequence[str] = ()
    """Why samples failed for good, a line for each kind."""
    interrupted_attempts: Sequence[str] = ()
    """Agents' attempts that the next run goes on with, a line for each model."""
    standing: str | None = None
    """What servers of one's own cost while no request ran on them."""
    leftovers: int = 0
    """Requests of an earlier run that were presumed at the start."""
    solved_by_any: int | None = None
    """Problems; None unless a policy steers: then what each model solved says nothing of it by itself."""


def summary(progress: Progress, ending: Ending) -> RenderableType:
    """The closing lines."""
    blank = Text("")
    parts: list[RenderableType] = [
        blank,
        _headline(progress, ending),
        blank,
        ModelsTable(progress.models, steered=ending.solved_by_any is not None),
        blank,
    ]
    by_any = ending.solved_by_any
    if (taught := lessons(progress) if by_any is None else joint_lesson(progress, by_any)) is not None:
        parts.append(Text(taught))
    parts.append(Text(_cost(progress, ending)))
    if ending.standing is not None:
        parts.append(Text(ending.standing))
    if ending.leftovers:
        one = ending.leftovers == 1
        were, they = ("request of an earlier run", "it") if one else ("requests of earlier runs", "they")
        parts.append(
            Text(f"{ending.leftovers:,} {were} may have been billed; counted at the most {they} can cost.")
        )
    parts += map(Text, ending.interrupted_attempts)
    parts += [Text(line, style="yellow") for line in (*_stops(progress, ending), *ending.failed_samples)]
    if rows := warning_rows(ending.warnings, ending.failures):
        parts += [blank, WarningsTable(rows), blank]
    parts += [Text(f"Next: {line}", style="bold") for line in next_commands(progress, ending)]
    return Group(*parts)


def _headline(progress: Progress, ending: Ending) -> Text:
    text = Text().append(safe(progress.name, 60), "bold")
    why = ending.reason or (ALL_ASKED if ending.solved_by_any is not None else None)
    if ending.status == "complete" and why is not None:
        return text.append(f": done: {safe(why)}.")
    text.append(f": {ENDINGS[ending.status]}")
    if ending.status == "interrupted":
        # The reason is the display's note, of which only the first words still hold.
        by = "" if ending.reason is None else f" by {safe(ending.reason.split(':')[0])}"
        text.append(f"{by}. Run again to continue where it stopped.")
    elif ending.reason:
        text.append(f" {safe(ending.reason)}")
    return text


def _stops(progress: Progress, ending: Ending) -> list[str]:
    """Why models can't go on, unless the headline says so."""
    return [
        f"{safe(model.alias)} stopped: {safe(model.stopped)}"
        for model in progress.models
        if model.stopped is not None and model.stopped not in (ending.reason or "")
    ]


def _cost(progress: Progress, ending: Ending) -> str:
    sentences: list[str] = []
    if not progress.models or not all(m.replayed for m in progress.models):
        sentences.append(f"All runs of this ledger: {money(progress)}.")
    if ending.before is not None:
        sentences.append(f"This run: {_session(progress, ending.before)} in {span(progress.elapsed_s)}.")
    if any(m.replayed for m in progress.models):
        sentences.append(
            f"Replayed dollars, {usd(progress.replayed_pico)} in total, come from a recording: nothing was spent."
        )
    return " ".join(sentences)


def _session(progress: Progress, before: Progress) -> str:
    new = _done(progress) - _done(before)
    said = [many(new, "sample")]
    spent = progress.settled_pico + progress.presumed_pico - before.settled_pico - before.presumed_pico
    if spent or not all(m.replayed for m in progress.models):
        said.append(usd(spent))
    if replayed := progress.replayed_pico - before.replayed_pico:
        said.append(f"{usd(replayed)} replayed")
    return ", ".join(said)


def _done(progress: Progress) -> int:
    return sum(m.done for m in progress.models)


def next_commands(progress: Progress, ending: Ending) -> list[str]:
    """The commands worth typing now."""
    db, commands = ending.db, list[str]()
    run = command("run {}", ending.sweep)
    if db != Path("runs") / f"{progress.name}.db":
        run = command("run {} --db {}", ending.sweep, db)
    lacking = [m for m in progress.models if m.done + m.failed < m.planned]
    if ending.status == "budget" and not all(m.capped for m in lacking):
        commands.append(f"{run} --budget {_more(progress)}")
    elif ending.status in ("interrupted", "incomplete", "provider"):
        commands.append(run)
    if any(m.done and not m.verified for m in progress.models):
        # What has no verdict is bought no second time once it has one.
        commands.insert(0 if ending.status == "provider" else len(commands), command("verify {}", db))
    if any(m.verified for m in progress.models):
        commands += [command("frontier {}", db), command("show {}", db)]
    if any(m.presumed_pico for m in progress.models if not m.replayed):
        commands.append(command("reconcile {}", db))
    return commands


def _more(progress: Progress) -> str:
    """A budget that should do, at what a sample cost so far, and that leaves at least as much as the one that did not
    was, and as starting its servers takes."""
    held = progress.settled_pico + progress.presumed_pico
    needed = sum(_needed(m) for m in progress.models if not m.replayed)
    total = max(needed, progress.budget_pico + max(held, progress.budget_pico, progress.starts_pico))
    places = parts_of(progress).places if total < PICO_PER_USD else 2
    unit = PICO_PER_USD // 10**places
    whole, _, cents = dollars(-(-total // unit) * unit, places).lstrip("$").replace(",", "").partition(".")
    return f"{whole}.{cents.rstrip('0').ljust(2, '0')}"


def _needed(m: ModelProgress) -> int:
    held = m.settled_pico + m.presumed_pico
    return -(-held * m.planned // m.done) if m.done else held


def money(progress: Progress) -> str:
    """The parts of the budget, in words; they add up as they stand."""
    budget, settled, presumed, reserved, left = parts_of(progress).figures()
    text = f"{settled} settled + {presumed} presumed"
    if progress.reserved_pico:
        text += f" + {reserved} reserved"
    return f"{text}, {left} left of {budget}"
