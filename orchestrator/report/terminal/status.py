"""How a ledger stands, as people read it: the document of `status --json` in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.grammar import by, many, part_of
from orchestrator.report import figures
from orchestrator.report.terminal.failed_samples import failure_lines
from orchestrator.report.terminal.interrupted_attempts import interrupted_lines
from orchestrator.report.terminal.standing import standing_line
from orchestrator.report.terminal.summary_table import Column, ModelsTable
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from rich.console import RenderableType

    from orchestrator.progress import Progress

NONE = "-"
MOST_ATTEMPTS = 8
STANDS = {
    "complete": "done: all samples collected",
    "incomplete": "ended, but some samples failed for good",
    "running": "running",
    "budget": "stopped by the budget",
    "provider": "stopped, since a model can't go on",
    "interrupted": "interrupted",
}


def status_text(document: Mapping[str, Any], progress: Progress) -> RenderableType:
    """A headline, a row a model, what failed, and the money. `progress`: the same ledger as a run shows it."""
    from rich.console import Group
    from rich.text import Text

    samples, models = document["samples"], document["models"]
    seen = [replace(m, alias=alias) for alias, m in zip(models, progress.models, strict=False)]
    also = (
        Column("reserved", lambda m: _cell(m.reserved_pico), 3, lambda m: m.reserved_pico > 0),
        Column(
            "unused",
            lambda m: _usd(models[m.alias]["unused_usd"]),
            2,
            lambda m: models[m.alias]["unused_usd"] > 0,
        ),
    )
    share = figures.share(samples["done"], samples["planned"])
    failed = f", {samples['failed']:,} failed" if samples["failed"] else ""
    lines = [
        Text(f"{_stands(document, steered=progress.solved_by_any is not None)}{_reason(document)}"),
        Text(f"{part_of(samples['done'], samples['planned'], 'sample')} ({share}){failed}"),
        *map(Text, _pace(progress)),
        Text(""),
        ModelsTable(seen, steered=progress.solved_by_any is not None, also=also),
        *map(Text, _together(progress)),
        Text(""),
        *(Text(f"server {safe(one.name, 60)}: {figures.server(one)}") for one in progress.servers),
        *map(Text, _waits(progress)),
        *map(Text, _attempts(progress)),
        *map(Text, _remarks(progress)),
        Text(_money(document)),
        *(Text(line) for line in (standing_line(document),) if line is not None),
        *(
            Text(
                f"{safe(one['model'], 40)}: {many(one['requests'], 'request')} in {many(one['batches'], 'batch')} at "
                "the vendor" + ("" if document["status"] == "running" else ", which the next run takes up")
            )
            for one in document["batches"]
        ),
        *map(Text, interrupted_lines(document)),
        *(Text(line, style="yellow") for line in failure_lines(document)),
        *(
            Text(f"{safe(alias, 40)} stopped: {safe(m['stopped'])}", style="yellow")
            for alias, m in models.items()
            if m["stopped"]
        ),
    ]
    return Group(*lines)


def _cell(pico: int) -> str:
    return usd(pico) if pico else NONE


def _pace(progress: Progress) -> Iterator[str]:
    """Of a run at work: how long it goes on, and what it spends."""
    rate = sum(m.samples_per_s for m in progress.models)
    said = [f"{figures.rate(rate)} samples a second"] if rate > 0 and figures.is_at_work(progress) else []
    said = [*filter(None, [figures.remaining(progress)]), *said, *figures.pace(progress)]
    if said:
        line = "; ".join(said)
        yield f"{line[0].upper()}{line[1:]}."


def _together(progress: Progress) -> Iterator[str]:
    if (told := figures.solved_together(progress)) is not None and not figures.is_at_work(progress):
        yield f"{told[0].upper()}{told[1:]}."


def _waits(progress: Progress) -> Iterator[str]:
    if figures.is_at_work(progress):
        for model in progress.models:
            if model.waiting and model.stopped is None and (state := figures.state(model)):
                yield f"{safe(model.alias, 40)} waits: {state}"
        if progress.note is not None:
            yield safe(progress.note)


def _attempts(progress: Progress) -> Iterator[str]:
    for attempt in progress.attempts[:MOST_ATTEMPTS]:
        cap = "" if attempt.cap_pico is None else f" of {usd(attempt.cap_pico)}"
        doing = f", last command: {safe(attempt.doing, 60)}" if attempt.doing else ""
        calls = many(attempt.calls, "call")
        yield (
            f"{safe(attempt.alias, 40)} works on {safe(attempt.problem, 40)} #{attempt.sample_index}: "
            f"{calls}, {usd(attempt.cost_pico)}{cap}{doing}"
        )
    if (more := len(progress.attempts) - MOST_ATTEMPTS) > 0:
        yield f"{many(more, 'more attempt')} {by(more, 'is', 'are')} at work."


def _remarks(progress: Progress) -> Iterator[str]:
    if progress.policy is not None and (said := figures.policy(progress)):
        yield f"Policy {', '.join(said)}."
    if kinds := figures.errors_by_kind(progress.models):
        yield f"Failed requests: {'; '.join(kinds)}."
    if progress.unverified:
        samples = f"{many(progress.unverified, 'sample')} {by(progress.unverified, 'waits', 'wait')}"
        yield f"{samples} for a verdict."


def _stands(document: Mapping[str, Any], *, steered: bool) -> str:
    if document["status"] == "complete" and (
        why := document["reason"] or (figures.ALL_ASKED if steered else None)
    ):
        return f"done: {safe(why)}"
    samples = document["samples"]
    if document["status"] == "incomplete" and not samples["failed"] and samples["done"] < samples["planned"]:
        return "the last run ended, but not all models were asked"
    return STANDS[document["status"]]


def _reason(document: Mapping[str, Any]) -> str:
    reason = document["reason"] if document["status"] in ("provider", "budget", "incomplete") else None
    return f": {safe(reason)}" if reason else ""


def _money(document: Mapping[str, Any]) -> str:
    parts = " + ".join(
        f"{_usd(document[f'{name}_usd'])} {name}" for name in ("settled", "presumed", "reserved")
    )
    budget = document["budget_usd"]
    line = f"{parts}, budget {_usd(budget)}" if budget is not None else f"{parts}; no budget: imported"
    if document["replayed_usd"]:
        line += f"; {_usd(document['replayed_usd'])} of it replayed: a recording's, not spent"
    return line


def _usd(dollars: float) -> str:
    return usd(dollars * PICO_PER_USD)
