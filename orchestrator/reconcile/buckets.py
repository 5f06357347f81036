"""An export of buckets of time: what it says of a model in the buckets of the ledger's requests, less what their
replies settled, is what the presumed ones cost.

Buckets that share a request are looked at together. A request that reaches over the export's edge is not taken off the
bill: the error is on the side of charging too much. Buckets without a request of the ledger are other traffic, told
apart by time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.grammar import by, many
from orchestrator.reconcile.books import Books, Model, Presumed, Settled
from orchestrator.reconcile.priced import in_dollars, price_tokens, tokens_of
from orchestrator.reconcile.proposal import Proposal, refuse_above, shared
from orchestrator.reconcile.requests import SLACK_S
from orchestrator.reconcile.usage_line import Line
from orchestrator.text.duration import moment
from orchestrator.text.money import usd
from pricing.types import Tokens

Span = tuple[float, float]


@dataclass(slots=True)
class _Part:
    """Neighbouring buckets, and the ledger's requests in them. `whole`: settled that don't reach over the edge."""

    begin: float
    end: float
    lines: list[Line] = field(default_factory=list[Line])
    presumed: list[Presumed] = field(default_factory=list[Presumed])
    whole: list[Settled] = field(default_factory=list[Settled])
    touching: int = 0


def settle_buckets(
    books: Books,
    group: Sequence[Model],
    mine: Sequence[Line],
    buckets: Sequence[Span],
    proposal: Proposal,
    path: Path,
    *,
    factor: Fraction,
    written_at: float,
) -> None:
    """Adds the group's changes to the proposal. `factor`: the share of the ledger's costs that the vendor bills.
    `written_at`: the export can't know what came later, whatever its last bucket says. Raises InputError if other
    traffic can't be told apart."""
    label = ", ".join(model.label for model in group)
    period = proposal.period
    buckets = [b for b in buckets if period.holds(b[0], b[1] - 1e-6)]
    begin = min([b[0] for b in buckets] + ([period.since] if period.since is not None else []), default=0.0)
    end = max([b[1] for b in buckets] + ([period.until] if period.until is not None else []), default=0.0)
    end = min(end, written_at)
    pool = [one for one in books.pool(group) if not one.is_lease]
    covered = [one for one in pool if begin <= one.begun and one.due_at <= end]
    if len(covered) < len(pool):
        proposal.notes.append(proposal.outside(label, len(pool) - len(covered), begin, end))
    if not covered:
        return
    for part in _parts(covered, books.settled(group), buckets, mine, (begin, end)):
        if not part.presumed:
            continue
        if late := sum(one.due_at > end >= one.begun for one in part.whole):
            stay = f"{len(part.presumed)} {by(len(part.presumed), 'stays', 'stay')}"
            proposal.notes.append(
                f"{label}, {moment(part.begin)} to {moment(part.end)}: {stay} presumed, since "
                f"{many(late, 'settled request')} may still be missing from the same time of the export"
            )
            continue
        _settle(label, group, part, proposal, path, factor)


def _parts(
    presumed: Sequence[Presumed],
    settled: Sequence[Settled],
    buckets: Sequence[Span],
    lines: Sequence[Line],
    edges: Span,
) -> list[_Part]:
    """In the order of time; each begins and ends if no request of the ledger reaches over."""
    starts, ends = [b[0] for b in buckets], [b[1] for b in buckets]

    def reach(begun: float, ended: float) -> Span:
        """The request's own time, and all of the buckets that it can have been written down in."""
        begun, ended = begun - SLACK_S, ended + SLACK_S
        first, last = bisect_right(ends, begun), bisect_left(starts, ended) - 1
        if first > last:
            return begun, ended
        return min(begun, starts[first]), max(ended, ends[last])

    reaches = [reach(one.begun, one.ended) for one in settled]
    reaches = sorted(reaches + [reach(one.begun, max(one.ended, one.latest)) for one in presumed])
    parts: list[_Part] = []
    for begin, end in reaches:
        if parts and begin < parts[-1].end:
            parts[-1].end = max(parts[-1].end, end)
        else:
            parts.append(_Part(begin, end))
    begins = [part.begin for part in parts]

    def at(moment_: float) -> _Part | None:
        found = bisect_right(begins, moment_) - 1
        return parts[found] if found >= 0 and moment_ < parts[found].end else None

    for one in presumed:
        part = at(one.begun)
        assert part is not None
        part.presumed.append(one)
    for one in settled:
        part = at(one.begun)
        assert part is not None
        part.touching += 1
        if edges[0] <= one.begun and one.ended <= edges[1]:
            part.whole.append(one)
    for line in lines:
        part = at(line.start) if line.start is not None else None
        if part is not None:
            part.lines.append(line)
    return parts


def _settle(
    label: str, group: Sequence[Model], part: _Part, proposal: Proposal, path: Path, factor: Fraction
) -> None:
    where = f"{path}, {moment(part.begin)} to {moment(part.end)}"
    typed = f"type the figure: --model {group[0].label} --billed USD"
    counts = [line.requests for line in part.lines if line.requests is not None]
    asked = part.touching + len(part.presumed)
    if sum(counts) > asked and not proposal.above_bound:
        message = f"{label}: {many(sum(counts), 'request')}, of which this ledger made at most {asked}"
        raise InputError(where, f"{message}: it holds other traffic", typed)
    if in_dollars(part.lines):
        billed = sum(line.pico or 0 for line in part.lines)
        known = int(factor * sum(one.pico for one in part.whole))
        slack = sum(line.slack_pico for line in part.lines)
        figure, said = billed - known, f"{usd(billed)} billed, {usd(known)} settled already"
        if -slack <= figure < 0:
            figure = 0
    else:
        figure, billed, said = _by_tokens(label, group, part, where, typed, path)
    if figure < 0:
        message = f"{label}: {said}: the export isn't complete yet, or its prices differ"
        raise InputError(where, message, f"wait until the vendor has closed its books, or {typed}")
    bound = sum(one.pico for one in part.presumed)
    refuse_above(
        where, f"{label}: {said}: what is presumed", figure, bound, allowed=proposal.above_bound, remedy=typed
    )
    proposal.changes += shared(figure, part.presumed)
    proposal.billed_pico = (proposal.billed_pico or 0) + billed
    proposal.notes.append(
        f"{label}, {moment(part.begin)} to {moment(part.end)}: {said}, {len(part.presumed)} presumed"
    )


def _by_tokens(
    label: str, group: Sequence[Model], part: _Part, where: str, typed: str, path: Path
) -> tuple[int, int, str]:
    """(dollars of the tokens that no reply stated, dollars of all, in words)."""
    told = [one.tokens for one in part.whole if one.tokens is not None]
    if len(told) < len(part.whole):
        untold = len(part.whole) - len(told)
        dont = by(untold, "doesn't", "don't")
        message = f"{label}: it counts tokens, which {many(untold, 'settled request')} here {dont}"
        raise InputError(where, message, f"use an export in dollars, or {typed}")
    billed, known = _sum([tokens_of(line, path) for line in part.lines]), _sum(told)
    rest = Tokens(
        input=billed.input - known.input,
        output=billed.output - known.output,
        cached=billed.cached - known.cached,
        cache_write=billed.cache_write - known.cache_write,
        cache_write_1h=billed.cache_write_1h - known.cache_write_1h,
    )
    said = (
        f"{billed.input:,} + {billed.output:,} tokens, {known.input:,} + {known.output:,} of them known from "
        "replies already"
    )
    settled = sum(one.pico for one in part.whole)
    uncached = rest.input - rest.cached - rest.cache_write
    if min(uncached, rest.output, rest.cached, rest.cache_write, rest.cache_write_1h) < 0:
        return -1, settled, said
    figure = price_tokens(rest, len(part.presumed), group)
    return figure, settled + figure, said


def _sum(parts: Sequence[Tokens]) -> Tokens:
    return Tokens(
        input=sum(t.input for t in parts),
        output=sum(t.output for t in parts),
        cached=sum(t.cached for t in parts),
        cache_write=sum(t.cache_write for t in parts),
        cache_write_1h=sum(t.cache_write_1h for t in parts),
    )
