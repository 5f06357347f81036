"""The budget in its parts, for showing: figures that add up to it as they are printed, and a bar of them."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.progress import Progress
from orchestrator.report.cells import split

PICO_DIGITS = 12
_SIGNIFICANT = 5
_MIN_PLACES, _MAX_PLACES = 2, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetParts:
    """Whole pico-dollars. `left` is negative if a reply above its bound went over the budget."""

    budget: int
    settled: int
    presumed: int
    reserved: int

    @property
    def left(self) -> int:
        return self.budget - self.settled - self.presumed - self.reserved

    @property
    def places(self) -> int:
        """Decimal places that show a hundred-thousandth of the budget or so: fixed, so that figures do not jump."""
        digits = len(str(self.budget)) - PICO_DIGITS
        return min(_MAX_PLACES, max(_MIN_PLACES, _SIGNIFICANT - digits))

    def figures(self) -> tuple[str, str, str, str, str]:
        """Budget, settled, presumed, reserved, left, as printed: the last four add up to the first."""
        unit = 10 ** (PICO_DIGITS - self.places)
        whole = round_half_up(self.budget, unit)
        settled, presumed, reserved, left = (
            dollars(share * unit, self.places)
            for share in _apportion([self.settled, self.presumed, self.reserved, self.left], unit, whole)
        )
        return dollars(self.budget, self.places), settled, presumed, reserved, left

    def bar(self, width: int) -> tuple[int, int, int, int]:
        """Cells for settled, presumed, reserved and left, `width` in all; what is not nothing gets at least one."""
        settled, presumed, reserved, left = split(
            [self.settled, self.presumed, self.reserved, max(0, self.left)], width
        )
        return settled, presumed, reserved, left


def parts_of(progress: Progress) -> BudgetParts:
    return BudgetParts(
        budget=progress.budget_pico,
        settled=progress.settled_pico,
        presumed=progress.presumed_pico,
        reserved=progress.reserved_pico,
    )


def dollars(pico: int, places: int) -> str:
    """A fixed number of decimal places: -$1,234.50."""
    units = round_half_up(abs(pico), 10 ** (PICO_DIGITS - places))
    whole, rest = divmod(units, 10**places)
    return f"{'-' if pico < 0 and units else ''}${whole:,}.{rest:0{places}d}"


def round_half_up(value: int, unit: int) -> int:
    return (2 * value + unit) // (2 * unit)


def _apportion(amounts: list[int], unit: int, whole: int) -> list[int]:
    """Each amount in whole units, `whole` together, by largest remainder. Signs are kept."""
    shares = [amount // unit for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda i: -(amounts[i] % unit))
    for i in by_remainder[: max(0, whole - sum(shares))]:
        shares[i] += 1
    return shares
