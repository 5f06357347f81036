"""A plan as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.grammar import by, many
from orchestrator.report.short_names import short_names
from orchestrator.text.duration import span
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from orchestrator.run.planning.planned import ModelPlanned, Planned

NAME = 32
LEAST_NAME = 8
_NOTHING_TOLD = 80
"""Points of coverage."""
_PAIRS = 2
NARROW_IN_FLIGHT = 8
"""Below so many requests in flight the money, not the limits, sets the pace."""


def plan_text(plan: Planned, *, name: str, fit_command: str, width: int) -> RenderableType:
    """The answer, the table of models, and what the figures mean. `fit_command` is the line that fits the samples."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    heads = ("samples", "requests", "expected", "worst case", "by its limits", "covered")
    cells = [_cells(m) for m in plan.models]
    shown = [
        at for at in range(len(heads)) if heads[at] != "by its limits" or any(row[at] != "-" for row in cells)
    ]
    figures = sum(2 + max(map(len, (heads[at], *(row[at] for row in cells)))) for at in shown)
    names = short_names([m.alias for m in plan.models], max(LEAST_NAME, min(NAME, width - figures)))
    table = Table(box=None, pad_edge=False)
    table.add_column("model")
    for at in shown:
        table.add_column(heads[at], justify="right")
    for alias, row in zip(names, cells, strict=True):
        table.add_row(Text(alias), *(row[at] for at in shown))
    answer = Text().append(safe(name, 60), "bold").append(f": {_answer(plan)}")
    said = [*_foretold(plan), *_short(plan, fit_command), *_fitting(plan), *_told(plan)]
    lines = [*_starts(plan), *remarks(plan)]
    return Group(answer, *map(Text, said), Text(""), table, Text(""), *map(Text, lines))


def _cells(m: ModelPlanned) -> tuple[str, ...]:
    return (
        f"{m.samples:,}",
        f"{m.requests:,}",
        usd(m.expected_pico) if m.is_expected else "unknown",
        usd(m.worst_pico),
        "-" if m.seconds is None else span(m.seconds),
        share(m.covered) if m.is_expected else f"≥ {share(m.covered)}",
    )


def _starts(plan: Planned) -> Iterator[str]:
    """Which servers the run starts, in their order, and what each costs with its loading."""
    if not plan.starts:
        return
    yield "The run starts these servers, each as soon as its GPUs are free:"
    for number, one in enumerate(plan.starts, 1):
        slots = "no GPU" if not one.gpus else "1 GPU" if one.gpus == 1 else f"{one.gpus} GPUs"
        copies = f"{one.copies} × {slots}" if one.copies > 1 else slots
        seen = "" if one.loading_is_known else ", assumed"
        loading = f"loading {usd(one.loading_pico)}{seen}, " if one.loading_pico else ""
        when = "at once" if one.at_once else "in turn"
        names = ", ".join(safe(alias, NAME) for alias in one.aliases)
        yield f"  {number}. {names}: {copies}, {when}; {loading}requests {usd(one.expected_pico)}"


def _is_spent(plan: Planned) -> bool:
    """Whether no money is left for what costs some."""
    return plan.budget_pico is not None and plan.budget_pico <= plan.held_pico and plan.worst_pico > 0


def _answer(plan: Planned) -> str:
    if not any(m.samples for m in plan.models):
        return "all samples are collected; nothing would be sent."
    if all(m.replayed for m in plan.models if m.samples):
        return "costs nothing: every model plays back a recording."
    most = f"at most {usd(plan.worst_pico)}"
    costs = f"about {usd(plan.expected_pico)}, {most}" if plan.is_expected else most
    if plan.budget_pico is None:
        return f"{costs}. No budget is stated: add budget_usd to the sweep file, or --budget to `run`."
    left = plan.budget_pico - plan.held_pico
    budget = f"your budget of {usd(plan.budget_pico)}"
    if plan.held_pico:
        budget = f"what is left of {budget}, {usd(max(0, left))},"
    if _is_spent(plan):
        return f"{costs}; " + (
            f"nothing is left of your budget of {usd(plan.budget_pico)}."
            if plan.held_pico
            else f"{budget} pays for nothing."
        )
    if plan.worst_pico <= left and plan.is_covered:
        return f"{costs}; {budget} covers even the worst case."
    if not plan.is_expected:
        return f"{costs}; {budget} may not cover it: what an attempt costs is known once one is done."
    if plan.is_covered and plan.expected_pico > left:
        return f"{costs}; {budget} does not cover loading its servers, about {usd(plan.loading_pico)}."
    if plan.is_covered:
        return f"{costs}; {budget} covers what is expected."
    counted = [m for m in plan.models if not m.replayed and m.samples]
    paid = sum(m.covered * m.samples for m in counted) / sum(m.samples for m in counted)
    return f"{costs}; {budget} pays for about {share(paid)} of the samples."


def _short(plan: Planned, fit_command: str) -> Iterator[str]:
    """What takes the money where it doesn't reach, and what would fit."""
    if plan.budget_pico is None or plan.is_covered or not plan.expected_pico or not plan.is_expected:
        return
    counted = [m for m in plan.models if not m.replayed]
    most = max(counted, key=lambda m: m.expected_pico)
    if len(counted) > 1 and plan.policy == "all":  # else verdicts decide
        part = share(most.expected_pico / plan.expected_pico)
        samples = many(most.samples, "sample")
        yield f"{safe(most.alias)} takes {part} of the money: {usd(most.expected_pico)} for {samples}."
    if _is_spent(plan):
        yield (
            f"To buy all of it: {_budget_for(plan.expected_pico + plan.held_pico)} for what is expected, "
            f"{_budget_for(plan.worst_pico + plan.held_pico)} for the worst case."
        )
    elif plan.fit is None and plan.policy == "all":
        yield f"To see how many samples fit: {safe(fit_command)}"


def _budget_for(pico: int) -> str:
    """In whole cents, rounded up."""
    cents = -(-pico * 100 // PICO_PER_USD)
    return f"--budget {cents // 100}.{cents % 100:02}"


def _foretold(plan: Planned) -> Iterator[str]:
    """What the money is expected to solve, the sweep's own policy first."""
    of = plan.foretold
    if not any(m.samples for m in plan.models):
        return
    if of is None:
        if plan.policy in ("cascade", "solve") and plan.budget_pico is not None:
            yield (
                "What it solves is predicted once samples are judged: run part of the budget first, or state "
                "pass_rates under [policy]."
            )
        return
    found = of.found
    bands = {"solve": found.solve, "cascade": found.cascade}
    own = bands.pop(of.kind)
    begins = "With" if of.verdicts else "By the stated pass rates alone: with"
    more = "more" if plan.held_pico else "in all"
    others = ", ".join(f"{kind} {band.solved:,.0f}" for kind, band in bands.items())
    within = " within worth_usd" if of.within_worth else ""
    yield (
        f"{begins} {usd(round(of.usd * PICO_PER_USD))} {more}: about {own.solved:,.0f} of {of.problems:,} solved "
        f"({own.low:,.0f}–{own.high:,.0f}){within}, {others}, uniform best single model "
        f"{found.uniform.solved:,.0f} ({safe(of.models[found.uniform_model], NAME)})."
    )


def _told(plan: Planned) -> Iterator[str]:
    """Of the pairs that it can tell least of."""
    if not plan.tells:
        return
    widest = max(plan.tells, key=lambda pair: pair.least_difference)
    points = round(100 * widest.least_difference)
    yield (
        f"It can tell two models apart whose coverage differs by {points} points or more (in 80% of such sweeps)."
        if points < _NOTHING_TOLD
        else "It has too few problems to tell two models apart."
    )
    short = [pair for pair in plan.tells if pair.within is False]
    for pair in sorted(short, key=lambda pair: -(pair.affordable_k or 0))[:_PAIRS]:
        are, cost = by(pair.samples, "is", "are"), by(pair.expensive_samples, "costs", "cost")
        yield (
            f"{pair.samples:,} × {safe(pair.cheap)} {are} planned, but {pair.expensive_samples:,} × "
            f"{safe(pair.expensive)} {cost} as much as {pair.affordable_k:,}: raise its samples, or the comparison "
            "rests on extrapolation."
        )


def _fitting(plan: Planned) -> Iterator[str]:
    if plan.fit is None or plan.budget_pico is None or _is_spent(plan):
        return
    left = plan.budget_pico - plan.held_pico
    samples = plan.fit.samples
    if not samples:
        yield "No number of samples changes what it costs."
    elif not all(samples.values()):
        none = ", ".join(safe(alias) for alias, k in samples.items() if not k)
        if any(m.expected_pico > left * m.samples for m in plan.models if samples.get(m.alias) == 0):
            yield f"Not even 1 sample fits for {none}: raise the budget."
        else:
            yield f"Not even 1 sample per problem fits for {none}. Ask fewer problems: limit = N in [problems]."
    else:
        stated = ", ".join(f"samples = {k} in [models.{safe(alias)}]" for alias, k in samples.items())
        costs = f"about {usd(plan.fit.expected_pico)}, at most {usd(plan.fit.worst_pico)}"
        yield f"Your budget is expected to pay for {stated}: {costs}."


def remarks(plan: Planned) -> list[str]:
    """How samples go out, what slows the run, and where the expectation comes from."""
    from orchestrator.run.prepare import ASSUMED_TOKENS_PER_S

    lines: list[str] = []
    if plan.policy == "narrow":
        lines.append(
            'With policy.kind = "narrow" the samples go where they narrow a comparison most: these are the most, and '
            "the budget decides how many are asked."
        )
    elif plan.policy != "all":
        lines.append(
            f'With policy.kind = "{plan.policy}" a solved problem is asked nothing more: these are the most samples '
            "and dollars, and fewer are to be expected."
        )
    elif plan.rounds and not _is_spent(plan):
        lines.append("The worst case is above the budget, so samples go out in rounds of 1, 1, 2, 4, 8 …")
    lines += [f"{safe(m.alias)}: {m.empty_replies}." for m in plan.models if m.empty_replies]
    lines += [f"{safe(m.alias)}: {m.price_note}." for m in plan.models if m.price_note]
    if not _is_spent(plan):
        lines += [line for m in plan.models if (line := _slow(m))]
    if plan.policy == "all":  # else samples go out one by one, as verdicts tell
        lines += [line for m in plan.models for line in _saved(m)]
    if any(m.replayed for m in plan.models):
        lines.append(
            "Replayed models play back a recording: their dollars are not spent and count against no budget."
        )
    guessed = [safe(m.alias) for m in plan.models if not m.from_ledger and m.samples and not m.agent]
    if guessed:
        lines.append(
            f"Assumed for {', '.join(guessed)}: half of max_tokens per sample, 1 token for every 4 bytes of prompt."
        )
    unknown = [safe(m.alias) for m in plan.models if not m.is_expected]
    if unknown:
        lines.append(
            f"{', '.join(unknown)}: the worst case is attempt_usd for each attempt; what an attempt costs is known "
            "once one is done."
        )
    paid = [safe(m.alias) for m in plan.models if m.by_server_time and not m.from_ledger and m.samples]
    if paid:
        lines.append(
            f"Assumed for {', '.join(paid)}: {ASSUMED_TOKENS_PER_S:,} output tokens a second of server time."
        )
    return lines


def share(of: float) -> str:
    """A share that is not all of it is never rounded up to that."""
    if 0 < of < 0.0005:
        return "<0.1%"
    if not of:
        return "0%"
    return "100%" if of >= 1 else f"{min(of, 0.999):.1%}" if of < 0.0995 or of >= 0.995 else f"{of:.0%}"


def _slow(m: ModelPlanned) -> str | None:
    if m.replayed or m.in_flight >= min(NARROW_IN_FLIGHT, m.requests) or not m.requests:
        return None
    what, key = ("attempts", "attempt_usd") if m.agent else ("requests", "max_tokens")
    at_once = f"{m.in_flight} {what if m.in_flight > 1 else what.removesuffix('s')}"
    if not m.in_flight:
        one = f"one {what.removesuffix('s')} sets aside {usd(m.largest_worst_pico)}"
        return f"{safe(m.alias)}: {one}, which is more than is left: raise the budget, or lower {key}."
    return (
        f"{safe(m.alias)}: the budget lets {at_once} run at once, since each sets aside "
        f"{usd(m.largest_worst_pico)}; a lower {key} lets more."
    )


def _saved(m: ModelPlanned) -> Iterator[str]:
    """What packing and the vendor's cache are expected to save."""
    if m.requests < m.samples:
        money = f" and {usd(m.packing_pico)}" if m.packing_pico else ""
        requests = many(m.samples - m.requests, "request")
        yield f"{safe(m.alias)}: packing saves {requests}{money} against one for each sample."
    if m.caching_pico:
        yield f"{safe(m.alias)}: caching of prompts saves {usd(m.caching_pico)} of what is expected without it."
