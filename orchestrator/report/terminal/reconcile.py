"""`manyfew reconcile` in words and as a document: what is presumed, what would change, what changed before."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.text.command import command
from orchestrator.text.duration import moment
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from orchestrator.reconcile.books import Books, Presumed
    from orchestrator.reconcile.proposal import Change, Proposal

_NAME = 40
_IDS_SHOWN = 3
Document = dict[str, Any]


def presumed_document(books: Books) -> Document:
    """What is presumed, by model and by kind."""
    models: Document = {}
    for model in books.models.values():
        pool = books.pool([model])
        if pool:
            kinds = {
                kind: [one for one in pool if one.kind == kind] for kind in sorted({o.kind for o in pool})
            }
            models[model.label] = {
                **_sums(pool),
                "kinds": {kind: _sums(ones) for kind, ones in kinds.items()},
                "vendor_requests": [one.vendor_request for one in pool if one.vendor_request is not None],
            }
    return {
        "presumed_usd": sum(one.pico for one in books.presumed) / PICO_PER_USD,
        "left_open": books.left_open,
        "models": models,
        "reconciliations": _history(books.connection),
    }


def presumed_text(books: Books, db: str) -> str:
    """The same for people."""
    document = presumed_document(books)
    lines: list[str] = []
    for label, model in document["models"].items():
        lines.append(
            f"{safe(label, _NAME)}: {usd(_pico(model))} presumed, requests: {model['requests']}, "
            f"{moment(model['from'])} to {moment(model['to'])}"
        )
        for kind, sums in model["kinds"].items():
            kept = f", samples kept: {sums['samples']}" if sums["samples"] else ""
            lines.append(f"  {kind:<12} {sums['requests']:>6}  {usd(_pico(sums)):>10}{kept}")
        if ids := model["vendor_requests"]:
            shown = ", ".join(safe(one, _NAME) for one in ids[:_IDS_SHOWN])
            more = f" … (all {len(ids)}: --json)" if len(ids) > _IDS_SHOWN else ""
            lines.append(f"  vendor's request ids: {shown}{more}")
    if not lines:
        lines.append("Nothing is presumed: every request's outcome is known.")
    lines += [
        f"Reconciled {moment(past['at'])} by {_source(past)}: requests {past['requests']}, "
        f"{usd(past['presumed_usd'] * PICO_PER_USD)} presumed became {usd(past['settled_usd'] * PICO_PER_USD)}"
        for past in document["reconciliations"]
    ]
    if books.left_open:
        lines.append(f"Of these, left open by a run that was killed: {books.left_open}.")
    if document["models"]:
        one = next(iter(document["models"]))
        lines.append(
            f"Next: {command('reconcile {} --usage EXPORT', db)}, or --model {safe(one, _NAME)} --billed USD with the "
            "vendor's whole bill for it, or --free if it billed none of these"
        )
    return "\n".join(lines)


def proposal_document(books: Books, proposal: Proposal, *, applied: bool) -> Document:
    """What a reconciliation changes, by model."""
    models: Document = {}
    for model in books.models.values():
        changes = [c for c in proposal.changes if c.what.model_id == model.id]
        raises = [one for one in proposal.raises if one.what.model_id == model.id]
        pool = books.pool([model])
        if pool or raises:
            models[model.label] = {
                "requests": len(changes),
                "matched_by_id": sum(c.outcome is not None for c in changes),
                "presumed_usd": sum(c.what.pico for c in changes) / PICO_PER_USD,
                "settled_usd": sum(c.settled_pico for c in changes) / PICO_PER_USD,
                "still_presumed": len(pool) - len(changes),
                "still_presumed_usd": (sum(one.pico for one in pool) - sum(c.what.pico for c in changes))
                / PICO_PER_USD,
                "raised": len(raises),
                "raised_usd": sum(one.settled_pico - one.what.pico for one in raises) / PICO_PER_USD,
            }
    return {
        "applied": applied,
        "source": proposal.source,
        "file": proposal.file,
        "file_sha256": proposal.file_sha256,
        "models": models,
        "notes": proposal.notes,
        "warnings": proposal.warnings,
    }


def proposal_text(books: Books, proposal: Proposal) -> str:
    """The change before it is made."""
    lines: list[str] = []
    for model in books.models.values():
        changes = [c for c in proposal.changes if c.what.model_id == model.id]
        left = len(books.pool([model])) - len(changes)
        if changes:
            before, after = sum(c.what.pico for c in changes), sum(c.settled_pico for c in changes)
            line = f"{safe(model.label, _NAME)}: {usd(before)} presumed becomes {usd(after)} settled"
            lines.append(f"{line}, requests: {len(changes)}{_by_id(changes)}")
        if left:
            lines.append(f"{safe(model.label, _NAME)}: requests that stay presumed: {left}")
    lines += [f"  warning: {safe(warning)}" for warning in proposal.warnings]
    lines += [f"  {safe(note)}" for note in proposal.notes]
    return "\n".join(lines)


def _by_id(changes: Sequence[Change]) -> str:
    own = sum(c.outcome is not None for c in changes)
    if not own and not any(c.settled_pico for c in changes):
        return ""
    if not own:
        return " (shared by their bounds: which cost how much is not known)"
    return f" ({own} by their own ids)" if own < len(changes) else " (each by its own id)"


def _sums(pool: Sequence[Presumed]) -> Document:
    return {
        "requests": len(pool),
        "usd": sum(one.pico for one in pool) / PICO_PER_USD,
        "samples": sum(one.brought for one in pool),
        "from": min(one.begun for one in pool),
        "to": max(one.ended for one in pool),
    }


def _pico(sums: Document) -> float:
    return sums["usd"] * PICO_PER_USD


def _history(connection: sqlite3.Connection) -> list[Document]:
    rows = connection.execute(
        "SELECT r.*, count(*) AS requests, sum(i.presumed_pico) AS presumed, sum(i.settled_pico) AS settled "
        "FROM reconciliation AS r JOIN reconciled AS i ON i.reconciliation_id = r.id GROUP BY r.id ORDER BY r.id"
    )
    return [
        {
            "at": row["at"],
            "source": row["source"],
            "file": row["file"],
            "file_sha256": row["file_sha256"],
            "requests": row["requests"],
            "presumed_usd": row["presumed"] / PICO_PER_USD,
            "settled_usd": row["settled"] / PICO_PER_USD,
        }
        for row in rows
    ]


def _source(past: Document) -> str:
    if past["source"] == "usage":
        return safe(f"{past['file']} (sha256 {past['file_sha256'][:12]}…)")
    return "a typed bill" if past["source"] == "billed" else "word that none was billed"
