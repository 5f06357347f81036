"""An export with one row a request: its id, as the ledger knows it from the reply's headers, says which is which.

A request that timed out brought no id. Where the export is seen to be whole, since it holds every settled request of
the ledger in its time, its rows of that model and time that belong to no request known are what those cost, together.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from orchestrator.booking.booking import Attempt, book
from orchestrator.booking.server_share import Share
from orchestrator.errors import InputError
from orchestrator.reconcile.books import Books, Model, Presumed
from orchestrator.reconcile.priced import price_lines
from orchestrator.reconcile.proposal import Change, Proposal, refuse_above, shared
from orchestrator.reconcile.usage_line import Line
from pricing.form import price_from_json
from pricing.types import Tokens
from providers.types import Choice, Reply, Usage

SLACK_S = 300.0
"""A vendor's clock and ours differ, and it may write down a request when its work ends, after we stopped waiting."""


def settle_requests(
    books: Books,
    group: Sequence[Model],
    mine: Sequence[Line],
    lines: Sequence[Line],
    proposal: Proposal,
    path: Path,
) -> None:
    """`mine`: the rows of this group's models. An id is looked for there, then in all `lines`: a gateway can have
    names of its own for models."""
    own, every = _by_id(mine), _by_id(lines)
    models = {model.id: model for model in group}
    pool = [one for one in books.pool(group) if proposal.period.holds(one.begun, one.ended)]
    left: list[Presumed] = []
    for one in pool:
        change = None
        found = own.get(one.vendor_request or "") or every.get(one.vendor_request or "")
        if found is not None:
            change = _own(books, one, found, models[one.model_id], proposal, path)
        if change is None:
            left.append(one)
        else:
            proposal.changes.append(change)
    label = ", ".join(model.label for model in group)
    if len(left) < len(pool):
        proposal.notes.append(f"{label}: matched by the vendor's request id: {len(pool) - len(left)}")
    if left:
        _settle_rest(books, group, label, left, mine, lines, proposal, path)


def _settle_rest(
    books: Books,
    group: Sequence[Model],
    label: str,
    left: list[Presumed],
    mine: Sequence[Line],
    lines: Sequence[Line],
    proposal: Proposal,
    path: Path,
) -> None:
    by_id = {line.request for line in lines}
    times = [at for line in lines for at in (line.start, line.end) if at is not None]
    begin = proposal.period.since if proposal.period.since is not None else min(times, default=0.0)
    end = proposal.period.until if proposal.period.until is not None else max(times, default=0.0)
    settled = [
        one for one in books.settled(group) if one.vendor_request and begin <= one.begun and one.ended < end
    ]
    missing = sum(one.vendor_request not in by_id for one in settled)
    if missing or not settled:
        why = f"it lacks {missing} of {len(settled)}" if missing else "it holds none"
        proposal.notes.append(
            f"{label}: {len(left)} without a match stay presumed: whether the export is whole can't be told, {why} "
            "of the settled requests of its time"
        )
        return
    covered = [one for one in left if begin <= one.begun and one.ended <= end and not one.is_lease]
    if len(covered) < len(left):
        proposal.notes.append(
            f"{label}: {len(left) - len(covered)} stay presumed, outside of the export's time (if it reaches "
            "further than its rows show, say so with --since and --until)"
        )
    known = _known_ids(books, group)
    spare = [line for line in mine if line.request not in known and _near(line, covered)]
    if not covered:
        return
    if len({line.request for line in spare}) > len(covered):
        message = (
            f"{label}: {len(spare)} of its rows belong to no request of this ledger, more than the {len(covered)} "
            "whose outcome is unknown: other traffic can't be told apart"
        )
        raise InputError(str(path), message, f"type the figure: --model {group[0].label} --billed USD")
    figure = price_lines(spare, group, path)
    bound = sum(one.pico for one in covered)
    refuse_above(str(path), f"{label}: what is presumed", figure, bound, allowed=proposal.above_bound)
    proposal.changes += shared(figure, covered)
    proposal.notes.append(
        f"{label}: {len(covered)} without an id: rows of the export that no request of the ledger explains: "
        f"{len(spare)}, all settled requests of its time are in it"
    )


def _by_id(lines: Sequence[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.request is not None:
            found[line.request].append(line)
    return found


def _near(line: Line, pool: Sequence[Presumed]) -> bool:
    if line.start is None:
        return True
    end = line.start if line.end is None else line.end
    return any(one.begun - SLACK_S <= end and line.start <= one.ended + SLACK_S for one in pool)


def _known_ids(books: Books, group: Sequence[Model]) -> set[str]:
    marks = ",".join("?" * len(group))
    sql = f"SELECT vendor_request FROM request WHERE vendor_request IS NOT NULL AND model_id IN ({marks})"
    return {row[0] for row in books.connection.execute(sql, [model.id for model in group])}


def _own(
    books: Books, one: Presumed, lines: Sequence[Line], model: Model, proposal: Proposal, path: Path
) -> Change | None:
    """This request's own figures: dollars as the vendor says, else its tokens at the ledger's price. None where
    neither can be told. Booked as the reply itself would have been, over the samples that it brought."""
    row = books.connection.execute("SELECT * FROM request WHERE id = ?", (one.id,)).fetchone()
    samples = books.connection.execute(
        "SELECT sample_index, completion_tokens, reasoning_tokens FROM sample WHERE model_id = ? AND problem_id = ? "
        "AND request_id = ? ORDER BY sample_index",
        (row["model_id"], row["problem_id"], one.id),
    ).fetchall()
    indices = tuple(json.loads(row["indices"]))
    tokens, in_dollars = _sum(lines), all(line.pico is not None for line in lines)
    told = [sample["completion_tokens"] for sample in samples]
    if tokens is None and None in told:
        told = [1] * len(told)  # dollars alone are shared equally
    reply = Reply(
        choices=tuple(
            Choice(
                index=indices.index(sample["sample_index"]),
                text="",
                output_tokens=own,
                reasoning_tokens=sample["reasoning_tokens"],
            )
            for sample, own in zip(samples, told, strict=True)
        ),
        usage=None
        if tokens is None
        else Usage(
            input=tokens.input,
            output=tokens.output,
            cached=tokens.cached,
            cache_write=tokens.cache_write,
            cache_write_1h=tokens.cache_write_1h,
        ),
        service_tier=None if in_dollars else row["service_tier"],
        inference_geo=None if in_dollars else row["inference_geo"],
    )
    attempt = Attempt(
        request_id=one.id,
        model_id=one.model_id,
        problem_id=row["problem_id"],
        indices=indices,
        max_tokens=row["max_tokens"],
        input_bound=0,
        worst_pico=one.pico,
        provider=model.provider,
        price=price_from_json(json.loads(model.price or "{}")),
        cost_basis="usage",
        server=row["server"] or "",
        stop_rule="none",
    )
    share = Share(sum(line.pico or 0 for line in lines), leased=0) if in_dollars else None
    outcome = book(reply, attempt, one.ended, share=share).outcome
    if outcome.state != "settled":
        proposal.notes.append(
            f"{model.label}: request {one.vendor_request} stays presumed: {outcome.error_message}"
        )
        return None
    what = f"{model.label}: request {one.vendor_request}"
    refuse_above(str(path), what, outcome.settled_pico, one.pico, allowed=proposal.above_bound)
    return Change(what=one, settled_pico=outcome.settled_pico, outcome=outcome, tokens=tokens is not None)


def _sum(lines: Sequence[Line]) -> Tokens | None:
    parts = [line.tokens for line in lines if line.tokens is not None]
    if len(parts) < len(lines):
        return None
    return Tokens(
        input=sum(t.input for t in parts),
        output=sum(t.output for t in parts),
        cached=sum(t.cached for t in parts),
        cache_write=sum(t.cache_write for t in parts),
        cache_write_1h=sum(t.cache_write_1h for t in parts),
    )
