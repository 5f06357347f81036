"""Many or few? The verdict on every comparison, said over all of them at once, or why it is open and what would settle
it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from orchestrator.coverage.pairs import simultaneous
from orchestrator.grammar import by, many
from orchestrator.text.comparison_words import FEWEST_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orchestrator.coverage.pairs.compare import Comparison
    from orchestrator.coverage.search import Search

_FEWEST_ALONE = 6
"""Problems that only the expensive model solves, below which five heads in a row would explain them."""
_POWER = 0.84
"""Standard errors more, so that 80% of such tables tell (the normal's 80% quantile)."""
_FARTHEST = 1000
"""Times the problems; more isn't a way to settle anything."""

Answer = Literal["cheap", "expensive", "open"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair on the problems that were asked of both. `search`: the cheap model's, `of_expensive`: the other's."""

    cheap: str
    expensive: str
    problems: tuple[str, ...]
    row: Comparison
    search: Search
    of_expensive: Search


@dataclass(frozen=True, slots=True)
class Verdict:
    """`what`, `cost`: the cheapest way to settle an open one; None if there is none, or nothing to settle. `then`: more
    problems that this is expected to need afterwards, and what they cost."""

    answer: Answer
    if_none_lost: Answer = "open"
    because: str | None = None
    what: str | None = None
    cost: float | None = None
    then: tuple[str, float] | None = None

    def document(self, axis: str) -> dict[str, Any]:
        settle: dict[str, Any] | None = None if self.what is None else {"what": self.what, axis: self.cost}
        if settle is not None and self.then is not None:
            settle["then"] = {"what": self.then[0], axis: self.then[1]}
        return {
            "verdict": self.answer,
            "open_because": self.because,
            "settle": settle,
            "verdict_if_none_lost": self.if_none_lost,
        }


def verdicts(rows: Sequence[Compared]) -> list[Verdict]:
    """Of every row, in their order. A verdict stands only if it also does with lost samples against it."""
    judged = _said(rows, [one.row.gaps.judged for one in rows])
    if any(map(_has_lost, rows)):
        for_cheap = _said(rows, [one.row.gaps.against_cheap for one in rows]).signs
        for_expensive = _said(rows, [one.row.gaps.against_expensive for one in rows]).signs
    else:
        for_cheap = for_expensive = judged.signs
    found: list[Verdict] = []
    for at, one in enumerate(rows):
        sign = int(judged.signs[at]) if _may_be_said(one, int(judged.signs[at])) else 0
        stands = (for_cheap if sign > 0 else for_expensive)[at] == sign
        stands = stands and (sign > 0 or one.row.gaps.only_expensive >= _FEWEST_ALONE)
        answer: Answer = "cheap" if sign > 0 else "expensive" if sign < 0 else "open"
        if sign and stands:
            found.append(Verdict(answer, answer))
        else:
            found.append(_open(one, answer, float(judged.errors[at]), judged.limit))
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    errors: NDArray[np.float64]
    signs: NDArray[np.int64]
    limit: float


def _said(rows: Sequence[Compared], gaps: Sequence[NDArray[np.float64]]) -> _Said:
    """Rows on the same problems share their draws."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for at, one in enumerate(rows):
        groups.setdefault(one.problems, []).append(at)
    tables = [
        (np.column_stack([gaps[at] for at in places]), rows[places[0]].search.samples.cluster)
        for places in groups.values()
    ]
    errors, signs, limit = simultaneous.critical(tables)
    order = np.argsort([at for places in groups.values() for at in places])
    return _Said(errors[order], signs[order], limit)


def _may_be_said(one: Compared, sign: int) -> bool:
    if one.row.basis != "sampled" or _nothing_solved(one) or len(one.problems) < FEWEST_PROBLEMS:
        return False
    return sign > 0 or _has_lost(one) or one.row.gaps.only_expensive >= _FEWEST_ALONE


def _has_lost(one: Compared) -> bool:
    return one.row.gaps.judged is not one.row.gaps.against_expensive


def _nothing_solved(one: Compared) -> bool:
    return one.row.coverage_expensive <= 0 and one.search.at(one.row.compared_k) <= 0


def _open(one: Compared, answer: Answer, errors: float, limit: float) -> Verdict:
    """`answer`: what the samples with a verdict say, and the lost ones could undo."""
    if answer != "open" or _ended_by_lost(one):
        return Verdict("open", answer, "lost samples", *_judge(one))
    row = one.row
    if row.basis != "sampled":
        return Verdict("open", "open", "more samples", *_samples(one, abs(errors), limit))
    return Verdict("open", "open", "more problems", *_problems(one, abs(errors), limit))


def _ended_by_lost(one: Compared) -> bool:
    """Whether the curve ends short of what is affordable only because samples were lost."""
    samples, needed = one.search.samples, one.row.affordable_k
    if samples.lost is None or needed is None or one.row.basis == "sampled":
        return False
    return bool((samples.n + samples.lost).min() >= needed)


def _judge(one: Compared) -> tuple[str, float]:
    parts: list[str] = []
    cost = 0.0
    for alias, of in ((one.cheap, one.search), (one.expensive, one.of_expensive)):
        lost = 0 if of.samples.lost is None else int(of.samples.lost.sum())
        if lost:
            parts.append(f"{by(lost, 'a verdict', 'verdicts')} for {many(lost, 'lost sample')} of {alias}")
            cost += lost * of.cost
    return " and ".join(parts), cost


def _samples(one: Compared, errors: float, limit: float) -> tuple[str, float, tuple[str, float] | None]:
    """As many as are affordable; and if the gap that is expected of them needs more problems, these too."""
    here, row = len(one.problems), one.row
    more = (row.affordable_k or 0) - one.search.largest
    cost = more * one.search.cost
    what = f"{many(more, 'more sample')} of {one.cheap} per problem"
    if one.search.samples.alike:
        what += " that differ (a temperature above 0, no cache, no fixed seed)"
    if row.gap_beyond is None or not row.gap_beyond[0]:
        return what, cost * here, None
    gap, spread = row.gap_beyond
    error = float(np.hypot(spread, 1 / here))  # the least that a verdict reckons with
    if errors:
        error = min(error, abs(float(row.gaps.judged.mean())) / errors)  # what these samples vary by
    times = ((limit + _POWER) * error / gap) ** 2
    if not 1 < times <= _FARTHEST:
        return what, cost * here, None
    problems = int(np.ceil(here * times)) - here
    each = cost + sum(side.cost_at(side.largest) for side in (one.search, one.of_expensive))
    return what, cost * here, (_more_problems("about", problems), problems * each)


def _more_problems(about: str, more: int) -> str:
    return f"{about} {many(more, 'more problem')}"


def _problems(one: Compared, errors: float, limit: float) -> tuple[str | None, float | None]:
    here = len(one.problems)
    too_few = here < FEWEST_PROBLEMS
    if _nothing_solved(one) or (errors <= 0 and not too_few):
        return None, None
    times = ((limit + _POWER) / errors) ** 2 if errors > 0 else 0.0
    times = max(times, FEWEST_PROBLEMS / here)
    if one.row.gaps.judged.mean() < 0 and one.row.gaps.only_expensive > 0:
        times = max(times, _FEWEST_ALONE / one.row.gaps.only_expensive)
    if times > _FARTHEST:
        return None, None
    more = max(1, int(np.ceil(here * times)) - here)
    each = sum(side.cost_at(side.largest) for side in (one.search, one.of_expensive))  # sampled as these are
    at_least = "at least" if here + more == FEWEST_PROBLEMS else "about"
    return _more_problems(at_least, more), more * each
