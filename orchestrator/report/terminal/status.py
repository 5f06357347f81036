"""How a ledger stands, as people read it: the document of `status --json` in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.report import figures
from orchestrator.report.short_names import short_names
from orchestrator.report.terminal.failed_samples import failure_lines
from orchestrator.report.terminal.interrupted_attempts import interrupted_lines
from orchestrator.report.terminal.standing import standing_line
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from rich.console import RenderableType

    from orchestrator.progress import Progress

NAME = 32
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
    from rich.table import Table
    from rich.text import Text

    samples, models = document["samples"], document["models"]
    table = Table(box=None, pad_edge=False)
    columns = ["model", "samples", "solved", "coverage", "pass", "settled"]
    columns += [name for name, key in _OPTIONAL.items() if any(m[key] for m in models.values())]
    for column in columns:
        table.add_column(column, justify="left" if column == "model" else "right", no_wrap=column != "model")
    names = short_names(list(models), NAME)
    for name, m, seen in zip(names, models.values(), progress.models, strict=False):
        cells = [
            figures.samples(seen),
            figures.solved(seen) if seen.problems else f"{m['solved_problems']:,}",
            figures.coverage(seen),
            figures.pass_rate(seen),
            _usd(m["settled_usd"]),
            *(_cell(column, m[_OPTIONAL[column]]) for column in columns[6:]),
        ]
        table.add_row(Text(name), *(Text(cell) for cell in cells))
    share = figures.share(samples["done"], samples["planned"])
    failed = f", {samples['failed']:,} failed" if samples["failed"] else ""
    lines = [
        Text(f"{_stands(document)}{_reason(document)}"),
        Text(f"{samples['done']:,} of {samples['planned']:,} samples ({share}){failed}"),
        Text(""),
        table,
        Text(""),
        *(Text(f"server {safe(one.name, 60)}: {figures.server(one)}") for one in progress.servers),
        *map(Text, _remarks(progress)),
        Text(_money(document)),
        *(Text(line) for line in (standing_line(document),) if line is not None),
        *(
            Text(
                f"{safe(one['model'], 40)}: {one['requests']:,} requests in {one['batches']:,} batches at the vendor"
                + ("" if document["status"] == "running" else ", which the next run takes up")
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


_OPTIONAL = {
    "presumed": "presumed_usd",
    "reserved": "reserved_usd",
    "unused": "unused_usd",
    "retries": "retries",
}
"""Columns that are there only where some model has any, and their keys."""


def _cell(column: str, value: Any) -> str:
    if not value:
        return "-"
    return f"{value:,}" if column == "retries" else _usd(value)


def _remarks(progress: Progress) -> Iterator[str]:
    if kinds := figures.errors_by_kind(progress.models):
        yield f"Failed requests: {'; '.join(kinds)}."
    if progress.unverified:
        samples = "1 sample waits" if progress.unverified == 1 else f"{progress.unverified:,} samples wait"
        yield f"{samples} for a verdict."


def _stands(document: Mapping[str, Any]) -> str:
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
