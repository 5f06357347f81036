"""Whether an export agrees with the ledger if both speak of one request: in time within two minutes, in cost within
a hundredth. Times of another zone would settle the wrong requests, and another currency the wrong amounts, so if
they don't agree nothing is booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import median

from orchestrator.errors import InputError
from orchestrator.grammar import part_of
from orchestrator.reconcile.usage_line import Line
from orchestrator.text.duration import span

NEAR_S = 120.0
NEAR_SHARE = Fraction(1, 100)
NEAR_PICO = 10**6
"""A millionth of a dollar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A request of the ledger and the export's rows of its id. `begun`, `ended`: when the vendor may have worked on it.
    `settled_pico`: what the ledger has it cost, and `billed_pico` the export; None if either is not known."""

    lines: Sequence[Line]
    begun: float
    ended: float
    settled_pico: int | None = None
    billed_pico: int | None = None

    @property
    def costs(self) -> tuple[int, int] | None:
        """(settled, billed)."""
        if self.settled_pico is None or self.billed_pico is None:
            return None
        return self.settled_pico, self.billed_pico

    @property
    def shift_s(self) -> float:
        """By how much its rows are later than the request, if they lie outside of its time; else 0."""
        for line in self.lines:
            if line.start is None:
                continue
            end = line.start if line.end is None else line.end
            if end < self.begun - NEAR_S or line.start > self.ended + NEAR_S:
                return line.start - self.begun
        return 0.0

    @property
    def bills_more(self) -> bool:
        """Whether the vendor bills more than the ledger settled."""
        return self.costs is not None and self.costs[1] > self.costs[0] + _slack(self.costs[0])


def refuse_shift(matches: Sequence[Match], where: str) -> None:
    """Raises InputError that names by how much the export's times are off."""
    timed = [match for match in matches if any(line.start is not None for line in match.lines)]
    off = [match.shift_s for match in timed if match.shift_s]
    if not off:
        return
    shift = median(off)
    message = (
        f"its times are {span(abs(shift))} {'later' if shift > 0 else 'earlier'} than the ledger's in "
        f"{part_of(len(off), len(timed), 'row')} matched by request id: nothing is booked"
    )
    raise InputError(where, message, "export it in UTC, or with each time's offset from it")


def refuse_factor(matches: Sequence[Match], factor: Fraction, where: str) -> None:
    """`factor`: the share of the ledger's costs that the user says is billed. Raises InputError if the export bills
    less than that, or, below the ledger's costs, another share of them; it names the share that it bills."""
    costs = [match.costs for match in matches if match.costs is not None and not match.bills_more]
    off = [(settled, billed) for settled, billed in costs if not _agree(factor * settled, billed)]
    if not off:
        return
    seen = Fraction(median(Fraction(billed, settled) for settled, billed in off if settled))
    constant = all(_agree(seen * settled, billed) for settled, billed in costs)
    message = (
        f"its costs are {_digits(seen)} times the ledger's in {part_of(len(off), len(costs), 'row')} matched by "
        "request id: nothing is booked"
    )
    if factor == 1 and constant:
        remedy = f"export it in US dollars; if it is a discount, accept it with --factor {_digits(seen)}"
    elif constant:
        remedy = f"check --factor, which says {_digits(factor)}"
    else:
        remedy = "check its currency, and the ledger's prices (`reprice`); or type the bill with --billed"
    raise InputError(where, message, remedy)


def _agree(expected: Fraction, billed: int) -> bool:
    return abs(billed - expected) <= _slack(expected)


def _slack(pico: Fraction | int) -> Fraction:
    return max(NEAR_SHARE * pico, Fraction(NEAR_PICO))


def _digits(share: Fraction) -> str:
    """Three significant digits."""
    return f"{Decimal(f'{float(share):.3g}').normalize():f}"
