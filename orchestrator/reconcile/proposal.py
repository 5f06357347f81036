"""What a reconciliation would change: settled figures for what is presumed, and what stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.errors import InputError
from orchestrator.grammar import by
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.reconcile.books import Presumed, Settled
from orchestrator.text.duration import moment
from orchestrator.text.money import usd
from pricing.cost import split_pico


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One presumed request, or one server's time, and what it settles at. `outcome`: if the vendor's figures are of
    this request alone, its tokens, and the shares of its samples; else all of it brought none."""

    what: Presumed
    settled_pico: int
    outcome: Settlement | None = None
    tokens: bool = False

    @property
    def unused_pico(self) -> int:
        return self.settled_pico if self.outcome is None else self.outcome.unused_pico


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """A request that was settled, and of which the vendor bills more."""

    what: Settled
    settled_pico: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """[since, until) in Unix seconds; None: open."""

    since: float | None = None
    until: float | None = None

    def holds(self, begun: float, ended: float) -> bool:
        return (self.since is None or begun >= self.since) and (self.until is None or ended < self.until)

    def touches(self, begun: float, ended: float) -> bool:
        return (self.since is None or ended >= self.since) and (self.until is None or begun < self.until)


@dataclass(slots=True, kw_only=True)
class Proposal:
    """`notes` say plainly what was matched, what was not, and why; `warnings`, what does not fit."""

    source: str
    """billed | free | usage"""
    period: Period = Period()
    billed_pico: int | None = None
    file: str | None = None
    file_sha256: str | None = None
    above_bound: bool = False
    changes: list[Change] = field(default_factory=list[Change])
    raises: list[Raise] = field(default_factory=list[Raise])
    notes: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    def outside(self, label: str, count: int, begin: float, end: float) -> str:
        """Words for what an export can say nothing of."""
        stay = by(count, "stays", "stay")
        return (
            f"{label}: {count} {stay} presumed, outside the export's time ({moment(begin)} to {moment(end)}) or less "
            "than an hour plus the model's time-out before its end: the export may not have them yet"
        )

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.changes and not self.raises


def shared(figure: int, pool: Sequence[Presumed]) -> list[Change]:
    """A total over several, by their bounds: whole pico-dollars by largest remainder. Never above the bound of any,
    if the total is not above all of theirs."""
    if not pool:
        return []
    shares = split_pico(figure, [one.pico for one in pool])
    return [Change(what=one, settled_pico=share) for one, share in zip(pool, shares, strict=True)]


def refuse_above(where: str, what: str, figure: int, bound: int, *, allowed: bool, remedy: str = "") -> None:
    """Raises InputError for a figure above what was reserved, unless the user said so in so many words."""
    if figure <= bound or allowed:
        return
    message = f"{what} would come to {usd(figure)}, above the {usd(bound)} that was reserved: it holds other traffic"
    raise InputError(where, message, remedy or "if all of it is this ledger's, add --above-bound")
