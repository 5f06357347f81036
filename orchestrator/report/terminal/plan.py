"""A plan as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.text.duration import span
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from orchestrator.run.plan import ModelPlanned, Planned

NARROW_IN_FLIGHT = 8
"""Below so many requests in flight the money, not the limits, sets the pace."""


def plan_text(plan: Planned, *, name: str) -> RenderableType:
    """The table of models and the sentences below it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None, pad_edge=False, title=Text(f"{safe(name)}: what is still to be asked"), title_justify="left"
    )
    for column, side in (
        ("model", "left"),
        ("samples", "right"),
        ("requests", "right"),
        ("expected", "right"),
        ("worst case", "right"),
        ("by its limits", "right"),
        ("covered", "right"),
    ):
        table.add_column(column, justify=side)  # type: ignore[arg-type]
    for m in plan.models:
        table.add_row(
            Text(safe(m.alias, 24)),
            f"{m.samples:,}",
            f"{m.requests:,}",
            usd(m.expected_pico),
            usd(m.worst_pico),
            "-" if m.seconds is None else span(m.seconds),
            f"{m.covered:.0%}",
        )
    return Group(table, Text(""), *(Text(line) for line in sentences(plan)))


def sentences(plan: Planned) -> list[str]:
    """What the figures mean: the budget's reach, what slows the run, if the expectation comes from."""
    from orchestrator.run.prepare import ASSUMED_TOKENS_PER_S

    lines: list[str] = []
    if plan.budget_pico is None:
        lines.append(
            f"Expected {usd(plan.expected_pico)}, at worst {usd(plan.worst_pico)}. No budget is stated: "
            "`run` needs budget_usd or --budget."
        )
    else:
        left = plan.budget_pico - plan.held_pico
        used = f", of which {usd(plan.held_pico)} is used" if plan.held_pico else ""
        lines.append(
            f"Expected {usd(plan.expected_pico)}, at worst {usd(plan.worst_pico)}; "
            f"the budget is {usd(plan.budget_pico)}{used}."
        )
        lines.append(_reach(plan, left))
    lines += [f"{safe(m.alias)}: {m.price_note}." for m in plan.models if m.price_note]
    lines += [line for m in plan.models if (line := _slow(m))]
    lines += [line for m in plan.models for line in _saved(m)]
    if any(m.replayed for m in plan.models):
        lines.append(
            "Replayed models play back a recording: their dollars are not spent and count against no budget."
        )
    guessed = [safe(m.alias) for m in plan.models if not m.from_ledger and m.samples]
    if guessed:
        lines.append(
            f"Assumed for {', '.join(guessed)}: half of max_tokens a sample, a token for every 4 bytes of prompt."
        )
    paid = [safe(m.alias) for m in plan.models if m.by_server_time and not m.from_ledger and m.samples]
    if paid:
        lines.append(
            f"Assumed for {', '.join(paid)}: {ASSUMED_TOKENS_PER_S:,} output tokens a second of its servers' time."
        )
    return lines


def _reach(plan: Planned, left: int) -> str:
    if plan.worst_pico <= left:
        return "The budget covers the worst case: every sample is paid for, and requests are packed."
    if all(m.covered >= 1 for m in plan.models):
        return "The budget covers what is expected, not the worst case: samples go out in rounds of 1, 1, 2, 4, 8 …"
    short = ", ".join(f"{m.covered:.0%} of {safe(m.alias)}" for m in plan.models if m.covered < 1)
    return f"The budget will not cover the plan: it is expected to pay for {short}."


def _slow(m: ModelPlanned) -> str | None:
    if m.replayed or m.in_flight >= min(NARROW_IN_FLIGHT, m.requests) or not m.requests:
        return None
    return (
        f"{safe(m.alias)}: the budget lets {m.in_flight} requests be in flight, since each reserves "
        f"{usd(m.largest_worst_pico)}; a smaller max_tokens lets more."
    )


def _saved(m: ModelPlanned) -> Iterator[str]:
    """What packing and the vendor's cache are expected to save."""
    if m.requests < m.samples:
        money = f" and {usd(m.packing_pico)}" if m.packing_pico else ""
        yield (
            f"{safe(m.alias)}: packing saves {m.samples - m.requests:,} requests{money} against one for each sample."
        )
    if m.caching_pico:
        yield f"{safe(m.alias)}: caching of prompts saves {usd(m.caching_pico)} of what is expected without it."
