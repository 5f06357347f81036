"""A figure that the user typed: the vendor's bill for a model, or that it billed nothing of what is presumed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from orchestrator.errors import InputError
from orchestrator.reconcile.books import Books, Model
from orchestrator.reconcile.proposal import Period, Proposal, refuse_above, shared
from orchestrator.text.command import command
from orchestrator.text.duration import moment
from orchestrator.text.money import usd
from pricing.types import PICO_PER_USD

MOST_USD = 1_000_000


def dollars(text: str, *, where: str) -> int:
    """Pico-dollars of what was typed. Raises InputError for what is no amount."""
    try:
        amount = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise InputError(where, f"{text!r} isn't an amount of dollars", "write it like 1.23")
    if amount < 0:
        raise InputError(where, f"{text!r} is negative", "write what the vendor billed, like 1.23")
    if amount > MOST_USD:
        raise InputError(where, f"{text!r} is more than a million dollars", "write it in dollars, like 1.23")
    return int((amount * PICO_PER_USD).to_integral_value())


def free(books: Books, models: Sequence[Model], period: Period) -> Proposal:
    """The vendor billed none of what is presumed."""
    pool = [one for one in books.pool(models) if period.holds(one.begun, one.ended)]
    return Proposal(source="free", period=period, changes=shared(0, pool))


def billed(
    books: Books, names: Sequence[str], pico: int, period: Period, *, above_bound: bool = False
) -> Proposal:
    """The vendor's whole bill for these models, of which what is settled is known: the rest is for what is presumed.
    Raises InputError for a bill below what is settled or above what was reserved."""
    models = books.chosen(names)
    if len(models) > 1 and not names:
        remedy = f"add --model {models[0].label}; name several if the bill is for all of them"
        raise InputError(
            "--billed", "this ledger has several models, and the bill may be for any of them", remedy
        )
    pool = books.pool(models)
    settled = books.settled(models)
    for one in (*pool, *settled):
        if period.touches(one.begun, one.ended) and not period.holds(one.begun, one.ended):
            message = f"a request ran from {moment(one.begun)} to {moment(one.ended)}, across the edge of the period"
            raise InputError(
                "--since, --until", message, "choose a period that holds all of it or none of it"
            )
    pool = [one for one in pool if period.holds(one.begun, one.ended)]
    known = sum(one.pico for one in settled if period.holds(one.begun, one.ended))
    label = ", ".join(model.label for model in models)
    if pico < known:
        message = (
            f"{label}: a bill of {_exact(pico)} is below the {_exact(known)} that its replies' usage settled"
        )
        raise InputError(
            "--billed",
            message,
            "if none of the presumed requests was billed, use --free; otherwise check the prices",
        )
    if not pool:
        raise InputError(
            "--billed",
            f"nothing{label and f' of {label}'} is presumed in that time",
            f"{command('reconcile DB')} lists what is",
        )
    bound = sum(one.pico for one in pool)
    refuse_above("--billed", f"{label}: what is presumed", pico - known, bound, allowed=above_bound)
    proposal = Proposal(
        source="billed",
        period=period,
        billed_pico=pico,
        above_bound=above_bound,
        changes=shared(pico - known, pool),
    )
    twins = [m.label for m in books.models.values() if m not in models and _same(m, models)]
    if twins:
        proposal.notes.append(
            f"{', '.join(twins)} goes by the same vendor's name: if the bill covers it too, name both with --model"
        )
    proposal.notes.append(f"of the bill of {_exact(pico)}, {_exact(known)} was settled already")
    return proposal


def _same(model: Model, others: Sequence[Model]) -> bool:
    return any(model.names & other.names for other in others)


def _exact(pico: int) -> str:
    """All digits: a bill is compared to the last one."""
    return f"${(Decimal(pico) / PICO_PER_USD).normalize():f}" if pico else usd(0)
