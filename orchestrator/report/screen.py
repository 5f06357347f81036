"""One frame of the live display: money against the budget, a line or two a model, errors, time. Pure: figures and a
size in, text out; no line is longer than the width, and no more lines than the height."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from orchestrator.progress import ModelProgress, Progress
from orchestrator.report.money import usd
from orchestrator.report.safe import safe
from orchestrator.report.span import span

WIDE = 100
"""From here on a model's figures stand in one line."""
MOST_ALIAS = 20
SETTLED, PRESUMED, RESERVED = "green", "yellow", "cyan"


def screen(progress: Progress, width: int, height: int, *, ascii_only: bool = False) -> Text:
    """The frame for a terminal of that size."""
    lines = [_title(progress), *_money(progress, width, ascii_only=ascii_only)]
    tail = _tail(progress)
    alias_width = min(MOST_ALIAS, max((cell_len(safe(m.alias)) for m in progress.models), default=1))
    room = max(1, height - len(lines) - len(tail))
    blocks = [_model(m, width, alias_width, ascii_only=ascii_only) for m in progress.models]
    shown = 0
    for block in blocks:
        left = len(blocks) - shown
        if len(block) + (1 if left > 1 else 0) > room:
            break
        lines += block
        room -= len(block)
        shown += 1
    if shown < len(blocks):
        lines.append(Text(f"+ {len(blocks) - shown} more models", style="dim"))
    lines += tail
    return Text("\n").join(_cut(line, width, ascii_only=ascii_only) for line in lines[: max(1, height)])


def _title(progress: Progress) -> Text:
    done, planned = sum(m.done for m in progress.models), sum(m.planned for m in progress.models)
    text = Text(safe(progress.name, 40), style="bold")
    text.append(
        f"  {progress.phase}, {done:,} of {planned:,} samples, {span(progress.elapsed_s)}", style="default"
    )
    if progress.eta_s:
        text.append(f", {span(progress.eta_s)} left")
    if progress.unverified > 100:
        text.append(f", {progress.unverified:,} to verify")
    return text


def _money(progress: Progress, width: int, *, ascii_only: bool) -> list[Text]:
    parts = (
        (progress.settled_pico, SETTLED, "settled", "#", "█"),
        (progress.presumed_pico, PRESUMED, "presumed", "?", "▒"),
        (progress.reserved_pico, RESERVED, "reserved", "-", "▓"),
    )
    held = sum(amount for amount, *_ in parts)
    size = max(10, width - 4)
    bar = Text("[" if ascii_only else "")
    used = 0
    for amount, style, _, plain, block in parts:
        cells = _cells(amount, progress.budget_pico, size, size - used)
        bar.append((plain if ascii_only else block) * cells, style=style)
        used += cells
    bar.append((" " if ascii_only else "░") * (size - used), style="dim")
    bar.append("]" if ascii_only else "")
    words = Text()
    for amount, style, name, plain, block in parts:
        words.append(f"{plain if ascii_only else block} ", style=style)
        words.append(f"{usd(amount)} {name}  ")
    words.append(f"{usd(progress.budget_pico - held)} left of {usd(progress.budget_pico)}")
    lines = [bar, words]
    if any(m.replayed for m in progress.models):
        lines.append(
            Text(
                f"replayed {usd(progress.replayed_pico)}: a recording, nothing is sent or spent", style="dim"
            )
        )
    return lines


def _cells(amount: int, total: int, size: int, left: int) -> int:
    """A part's share of the bar: at least one cell for anything, never more than is left."""
    if amount <= 0 or left <= 0:
        return 0
    return min(left, max(1, round(amount / total * size))) if total > 0 else left


def _model(m: ModelProgress, width: int, alias_width: int, *, ascii_only: bool) -> list[Text]:
    name = Text(set_cell_size(safe(m.alias, MOST_ALIAS), alias_width), style="bold")
    share = m.done / m.planned if m.planned else 1.0
    counts = f" {m.done:,}/{m.planned:,}"
    facts = [f"{m.samples_per_s:.1f}/s", f"solved {m.solved_problems}/{m.problems}"]
    if m.verified:
        facts.append(f"{m.passed / m.verified:.0%} right")
    facts.append(usd(m.settled_pico))
    if m.presumed_pico:
        facts.append(f"{usd(m.presumed_pico)} presumed")
    if m.in_flight_requests:
        facts.append(f"{m.in_flight_samples} in flight")
    if m.failed:
        facts.append(f"{m.failed:,} failed")
    if m.eta_s and m.stopped is None:
        facts.append(f"{span(m.eta_s)} left")
    one_line = width >= WIDE
    bar_size = max(8, min(30, width - alias_width - cell_len(counts) - (62 if one_line else 2)))
    filled = min(bar_size, int(share * bar_size))
    line = name + Text(" ")
    line.append(("#" if ascii_only else "█") * filled, style="blue")
    line.append(("." if ascii_only else "░") * (bar_size - filled), style="dim")
    line.append(counts)
    lines = [line]
    if one_line:
        line.append("  " + ", ".join(facts))
    else:
        lines.append(Text("  " + ", ".join(facts)))
    if m.stopped is not None:
        lines.append(Text(f"  stopped: {safe(m.stopped)}", style="red"))
    elif m.waiting is not None and m.done < m.planned:
        lines.append(Text(f"  waiting: {safe(m.waiting)}", style="dim"))
    return lines


def _tail(progress: Progress) -> list[Text]:
    errors: dict[str, int] = {}
    for m in progress.models:
        for kind, count in m.errors.items():
            errors[kind] = errors.get(kind, 0) + count
    lines: list[Text] = []
    if errors:
        named = ", ".join(f"{safe(kind, 40)} ×{count}" for kind, count in sorted(errors.items()))
        lines.append(Text(f"errors, retried where it helps: {named}", style="yellow"))
    if progress.note:
        lines.append(Text(safe(progress.note), style="bold"))
    return lines


def _cut(line: Text, width: int, *, ascii_only: bool) -> Text:
    line.truncate(width, overflow="crop" if ascii_only else "ellipsis")
    return line
