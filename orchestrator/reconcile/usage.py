"""From a usage export to a proposal: by the requests' own ids if it has them, else by model and buckets of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.reconcile.books import Books, Model
from orchestrator.reconcile.buckets import settle_buckets
from orchestrator.reconcile.names import same_model
from orchestrator.reconcile.proposal import Period, Proposal
from orchestrator.reconcile.requests import settle_requests
from orchestrator.reconcile.usage_file import UsageFile, read_usage_file
from orchestrator.reconcile.usage_line import Line, read_line, span

MOST_NAMED = 5


def from_usage(
    books: Books,
    names: Sequence[str],
    path: Path,
    period: Period,
    *,
    above_bound: bool = False,
    factor: Fraction = Fraction(1),
) -> Proposal:
    """`factor`: the share of the ledger's costs that the vendor bills. Raises InputError for an export that can't be
    read, that does not agree with the ledger, or that holds traffic which can't be distinguished apart."""
    file = read_usage_file(path)
    lines = _lines(path, file)
    proposal = Proposal(
        source="usage", period=period, file=file.name, file_sha256=file.sha256, above_bound=above_bound
    )
    chosen = books.chosen(names)
    named = any(line.model is not None for line in lines)
    if lines and not named and len(_groups(chosen)) > 1:
        remedy = "export it grouped by model, or name the model it is about with --model"
        raise InputError(str(path), "its rows don't name their model", remedy)
    own = [line for line in lines if not line.batch]
    if len(own) < len(lines):
        proposal.notes.append(f"rows of the batch API, ignored: {len(lines) - len(own)}")
    used, by_request = 0, any(line.request is not None for line in own)
    for group in _groups(books.models.values()):
        if not any(model in chosen for model in group) or not (by_request or books.pool(group)):
            continue
        _refuse_half(group, chosen)
        if any(model.batched for model in group):
            labels = ", ".join(model.label for model in group)
            proposal.notes.append(
                f"{labels}: asked in batches, whose rows don't tell its requests; settle it with --billed or --free"
            )
            continue
        every = {name for model in group for name in model.names}
        mine = [one for one in own if not named or (one.model is not None and same_model(one.model, every))]
        used += len(mine)
        if by_request:
            settle_requests(
                books, group, mine, own, proposal, path, factor=factor, written_at=file.written_at
            )
        else:
            spans = _buckets(path, file)
            settle_buckets(
                books, group, mine, spans, proposal, path, factor=factor, written_at=file.written_at
            )
    if used < len(own):
        others = sorted({line.model for line in own if line.model} - _known(books))
        proposal.notes.append(
            f"rows of other models, ignored: {len(own) - used}"
            + (
                f" ({', '.join(others[:MOST_NAMED])}{' …' if len(others) > MOST_NAMED else ''})"
                if others
                else ""
            )
        )
    return proposal


def _groups(models: Iterable[Model]) -> list[tuple[Model, ...]]:
    """Models that a vendor's export can't distinguish belong together: two aliases of one vendor's model."""
    groups: list[list[Model]] = []
    for model in models:
        joined = [g for g in groups if any(same_model(n, other.names) for other in g for n in model.names)]
        merged = [one for group in joined for one in group] + [model]
        groups = [group for group in groups if group not in joined] + [merged]
    return [tuple(group) for group in groups]


def _refuse_half(group: Sequence[Model], chosen: Sequence[Model]) -> None:
    left_out = [model.label for model in group if model not in chosen]
    if left_out:
        message = f"{', '.join(left_out)} goes by the same vendor's name, and an export can't tell them apart"
        raise InputError("--model", message, f"add --model {left_out[0]}, or leave --model out")


def _known(books: Books) -> set[str]:
    return {name for model in books.models.values() for name in model.names}


def _lines(path: Path, file: UsageFile) -> list[Line]:
    lines: list[Line] = []
    for number, row in enumerate(file.rows, start=1):
        try:
            lines.append(read_line(row))
        except ValueError as error:
            raise InputError(f"{path}, row {number}", str(error), "correct or remove that row") from None
    if lines and not any(line.pico is not None or line.tokens is not None for line in lines):
        columns = ", ".join(list(file.rows[0])[:12])
        remedy = "use an export with dollars or tokens, or type its figure with --billed"
        raise InputError(str(path), f"none of its columns is known as dollars or tokens: {columns}", remedy)
    return lines


def _buckets(path: Path, file: UsageFile) -> list[tuple[float, float]]:
    """The buckets of the export, empty ones too, each once and in order. Raises InputError if a row says no
    period, or two overlap."""
    try:
        spans = {span(row) for row in file.buckets}
    except ValueError as error:
        raise InputError(str(path), str(error), "use the export as the vendor wrote it") from None
    found = sorted((start, end) for start, end in spans if start is not None and end is not None)
    if len(found) < len(spans):
        message = "some rows don't state their time"
        raise InputError(str(path), message, "export it by day, or type its figure with --billed")
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            message = "its buckets of time overlap, so that dollars would count twice"
            raise InputError(str(path), message, "use one export with one width of bucket")
    return found
