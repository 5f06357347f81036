"""An export with one row a request: its id, as the ledger knows it from the reply's headers, says which is which.

The rows of settled requests show first whether the export's times and costs are the ledger's at all. A request that
timed out brought no id. Where the export is seen to be whole, since it holds every settled request of the ledger in its
time, its rows of that model and time that belong to no request known are what those cost, together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.grammar import by, many, part_of
from orchestrator.reconcile.agreement import Match, refuse_factor, refuse_shift
from orchestrator.reconcile.books import Books, Model, Presumed, Settled
from orchestrator.reconcile.own_figures import own_change, sum_tokens
from orchestrator.reconcile.priced import in_dollars, price_lines, price_tokens
from orchestrator.reconcile.proposal import Proposal, Raise, refuse_above, shared
from orchestrator.reconcile.usage_line import Line
from orchestrator.text.money import usd

SLACK_S = 300.0
"""A vendor's clock and ours differ, and it may write down a request when its work ends, after we stopped waiting."""


class ById:
    """The rows of one group's models by request id; other rows too, since a gateway can have names of its own for
    models."""

    def __init__(self, mine: Iterable[Line], lines: Iterable[Line]) -> None:
        self._own, self._every = _by_id(mine), _by_id(lines)

    def of(self, vendor_request: str | None) -> list[Line]:
        """None at all for a request that has no id."""
        return self._own.get(vendor_request or "") or self._every.get(vendor_request or "") or []


def settle_requests(
    books: Books,
    group: Sequence[Model],
    mine: Sequence[Line],
    lines: Sequence[Line],
    proposal: Proposal,
    path: Path,
    *,
    factor: Fraction,
    written_at: float,
) -> None:
    """`mine`: the rows of this group's models, of all `lines`. `factor`: the share of the ledger's costs that the
    vendor bills. `written_at`: the export can't know what came later."""
    rows = ById(mine, lines)
    settled = books.settled(group)
    pool = [one for one in books.pool(group) if proposal.period.holds(one.begun, one.ended)]
    known = [one for one in settled if proposal.period.holds(one.begun, one.ended)]
    _compare(group, known, pool, rows, proposal, path, factor)
    models = {model.id: model for model in group}
    left: list[Presumed] = []
    for one in pool:
        found = rows.of(one.vendor_request)
        change = own_change(books, one, found, models[one.model_id], proposal, path) if found else None
        if change is None:
            left.append(one)
        else:
            proposal.changes.append(change)
    label = ", ".join(model.label for model in group)
    if len(left) < len(pool):
        proposal.notes.append(f"{label}: matched by the vendor's request id: {len(pool) - len(left)}")
    if left:
        _settle_rest(books, group, label, left, settled, mine, lines, proposal, path, written_at)


def _compare(
    group: Sequence[Model],
    known: Sequence[Settled],
    pool: Sequence[Presumed],
    rows: ById,
    proposal: Proposal,
    path: Path,
    factor: Fraction,
) -> None:
    """Raises InputError if the export's times or costs are not the ledger's; adds what the vendor bills above what
    was settled."""
    matches = [
        Match(
            lines=found,
            begun=one.begun,
            ended=one.ended,
            settled_pico=None if one.shared else one.pico,
            billed_pico=None if one.shared else _billed(one, found, group),
        )
        for one in known
        if (found := rows.of(one.vendor_request))
    ]
    # Of what timed out, the vendor may have made a note only when it was done with it.
    unknown = [
        Match(lines=found, begun=one.begun, ended=max(one.ended, one.latest))
        for one in pool
        if (found := rows.of(one.vendor_request))
    ]
    refuse_shift([*matches, *unknown], str(path))
    refuse_factor(matches, factor, str(path))
    found_in = [one for one in known if rows.of(one.vendor_request)]
    raised = [
        Raise(what=one, settled_pico=match.billed_pico)
        for one, match in zip(found_in, matches, strict=True)
        if match.bills_more and match.billed_pico is not None
    ]
    for one in raised:
        what = f"request {one.what.vendor_request}, which is settled,"
        bound = one.what.reserved_pico
        refuse_above(str(path), what, one.settled_pico, bound, allowed=proposal.above_bound)
    if raised:
        proposal.raises += raised
        more = sum(one.settled_pico - one.what.pico for one in raised)
        label = ", ".join(model.label for model in group)
        proposal.warnings.append(
            f"{label}: the vendor bills {usd(more)} more than was settled for "
            f"{part_of(len(raised), len(matches), 'request')} with known usage: check the model's price"
        )


def _billed(one: Settled, lines: Sequence[Line], group: Sequence[Model]) -> int | None:
    """What the export says that a settled request costs: its dollars, else by its tokens beside those of the reply.
    None if neither is known."""
    if in_dollars(lines):
        return sum(line.pico or 0 for line in lines)
    tokens = sum_tokens(lines)
    if tokens is None or one.tokens is None or one.cost_basis == "stated":
        return None
    ours = price_tokens(one.tokens, 1, group)
    return one.pico * price_tokens(tokens, 1, group) // ours if ours else None


def _settle_rest(
    books: Books,
    group: Sequence[Model],
    label: str,
    left: list[Presumed],
    settled: Sequence[Settled],
    mine: Sequence[Line],
    lines: Sequence[Line],
    proposal: Proposal,
    path: Path,
    written_at: float,
) -> None:
    by_id = {line.request for line in lines}
    times = [at for line in lines for at in (line.start, line.end) if at is not None]
    begin = proposal.period.since if proposal.period.since is not None else min(times, default=0.0)
    end = proposal.period.until if proposal.period.until is not None else max(times, default=0.0)
    end = min(end, written_at)
    due = [one for one in settled if one.vendor_request and begin <= one.begun and one.due_at <= end]
    missing = sum(one.vendor_request not in by_id for one in due)
    if missing:
        proposal.notes.append(
            f"{label}: {len(left)} without a match {by(len(left), 'stays', 'stay')} presumed: the export may be "
            f"incomplete, since it lacks {missing} of the {many(len(due), 'settled request')} of its time"
        )
        return
    covered = [one for one in left if begin <= one.begun and one.due_at <= end and not one.is_lease]
    if len(covered) < len(left):
        proposal.notes.append(proposal.outside(label, len(left) - len(covered), begin, end))
    if not covered:
        return
    if not due:
        proposal.notes.append(
            f"{label}: {len(covered)} without a match {by(len(covered), 'stays', 'stay')} presumed: the export may be "
            "incomplete, since it has none of the settled requests of its time"
        )
        return
    known = _known_ids(books, group)
    spare = [line for line in mine if line.request not in known and _near(line, covered)]
    if len({line.request for line in spare}) > len(covered):
        message = (
            f"{label}: {len(spare)} of its rows match no request of this ledger, more than the {len(covered)} that "
            "may have been billed: it holds other traffic, which can't be told apart"
        )
        raise InputError(str(path), message, f"type the figure: --model {group[0].label} --billed USD")
    figure = price_lines(spare, group, path)
    bound = sum(one.pico for one in covered)
    refuse_above(str(path), f"{label}: what is presumed", figure, bound, allowed=proposal.above_bound)
    proposal.changes += shared(figure, covered)
    match = by(len(spare), "matches", "match")
    proposal.notes.append(
        f"{label}: {len(covered)} without an id: {many(len(spare), 'row')} of the export {match} no "
        "request of the ledger, and it has all settled requests of its time"
    )


def _by_id(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.request is not None:
            found[line.request].append(line)
    return found


def _near(line: Line, pool: Sequence[Presumed]) -> bool:
    if line.start is None:
        return True
    end = line.start if line.end is None else line.end
    return any(
        one.begun - SLACK_S <= end and line.start <= max(one.ended, one.latest) + SLACK_S for one in pool
    )


def _known_ids(books: Books, group: Sequence[Model]) -> set[str]:
    marks = ",".join("?" * len(group))
    sql = f"SELECT vendor_request FROM request WHERE vendor_request IS NOT NULL AND model_id IN ({marks})"
    return {row[0] for row in books.connection.execute(sql, [model.id for model in group])}
