"""One request's own figures, from the export's rows of its id: booked as the reply itself would have been, over its
samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from orchestrator.booking.booking import Attempt, book
from orchestrator.booking.server_share import Share
from orchestrator.reconcile.books import Books, Model, Presumed
from orchestrator.reconcile.priced import in_dollars
from orchestrator.reconcile.proposal import Change, Proposal, refuse_above
from orchestrator.reconcile.usage_line import Line
from pricing.form import price_from_json
from pricing.types import Tokens
from providers.types import Choice, Reply, Usage


def own_change(
    books: Books, one: Presumed, lines: Sequence[Line], model: Model, proposal: Proposal, path: Path
) -> Change | None:
    """Dollars as the vendor says, else its tokens at the ledger's price. None if neither is known."""
    row = books.connection.execute("SELECT * FROM request WHERE id = ?", (one.id,)).fetchone()
    samples = books.connection.execute(
        "SELECT sample_index, completion_tokens, reasoning_tokens FROM sample WHERE model_id = ? AND problem_id = ? "
        "AND request_id = ? ORDER BY sample_index",
        (row["model_id"], row["problem_id"], one.id),
    ).fetchall()
    indices = tuple(json.loads(row["indices"]))
    tokens, dollars = sum_tokens(lines), in_dollars(lines)
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
        service_tier=None if dollars else row["service_tier"],
        inference_geo=None if dollars else row["inference_geo"],
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
    share = Share(sum(line.pico or 0 for line in lines), leased=0) if dollars else None
    outcome = book(reply, attempt, one.ended, share=share).outcome
    if outcome.state != "settled":
        proposal.notes.append(
            f"{model.label}: request {one.vendor_request} stays presumed: {outcome.error_message}"
        )
        return None
    what = f"{model.label}: request {one.vendor_request}"
    refuse_above(str(path), what, outcome.settled_pico, one.pico, allowed=proposal.above_bound)
    return Change(what=one, settled_pico=outcome.settled_pico, outcome=outcome, tokens=tokens is not None)


def sum_tokens(lines: Sequence[Line]) -> Tokens | None:
    """None if a row names none."""
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
