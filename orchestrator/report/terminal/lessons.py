"""What a run taught, in a sentence or two: coverage and dollars of each model so far. How sure that is, and what
fewer samples would do, is for the frontier."""

from __future__ import annotations

from fractions import Fraction

from orchestrator.grammar import many, part_of
from orchestrator.progress import ModelProgress, Progress
from orchestrator.report import figures
from orchestrator.report.short_names import LONGEST
from orchestrator.text.money import per_thousand, usd
from orchestrator.text.safe import safe

_ALIKE = Fraction(1, 10)
MOST = 3
"""Models that a sentence can hold; of more, the cheapest, the most expensive and the one that solves most are named."""


def lessons(progress: Progress) -> str | None:
    """None if no model has a verdict yet."""
    judged = sorted((m for m in progress.models if m.verified and m.done and m.problems), key=_per_problem)
    if not judged:
        return None
    named = judged
    if len(judged) > MOST:
        best = max(judged, key=lambda m: (_coverage(m), -_per_problem(m)))
        named = [m for m in judged if m in (judged[0], best, judged[-1])]
    so_far = "" if all(figures.finished(m) for m in progress.models if m.planned) else "So far "
    text = so_far + "; ".join(_one(m) for m in named) + "."
    is_told = len(judged) > 1 and _is_alike(judged[0], judged[-1])
    return f"{text} {_compared(judged[0], judged[-1])}" if is_told else text


def _is_alike(one: ModelProgress, other: ModelProgress) -> bool:
    """Whether as much of the plan is done by either: what the one has solved after all its samples says nothing beside
    what the other has after its first."""
    done, others = (Fraction(m.done, m.planned or 1) for m in (one, other))
    return abs(done - others) <= _ALIKE


def joint_lesson(progress: Progress, solved: int) -> str | None:
    """Where a policy had each model asked what others left: what all of them solved. None before any verdict."""
    judged = [m for m in progress.models if m.verified and m.problems]
    if not judged:
        return None
    problems = max(m.problems for m in judged)
    spent = sum(m.settled_pico + m.presumed_pico for m in progress.models)
    each = f", for {usd(Fraction(spent, solved))} a solved problem" if solved else ""
    share = figures.share(solved, problems)
    return f"The models together solved {part_of(solved, problems, 'problem')} ({share}){each}."


def _one(m: ModelProgress) -> str:
    """gemma solved 35 of 40 problems (87.5%) with 64 samples each, for $0.0345 per 1,000 problems"""
    share = figures.share(m.solved_problems, m.problems)
    return (
        f"{safe(m.alias, LONGEST)} solved {part_of(m.solved_problems, m.problems, 'problem')} ({share}) with "
        f"{_samples(m)} each, for {per_thousand(_per_problem(m))} per 1,000 problems"
    )


def _samples(m: ModelProgress) -> str:
    whole, rest = divmod(m.done, m.problems)
    if rest == 0:
        return many(whole, "sample")
    return f"about {m.done / m.problems:.1f} samples"


def _compared(cheap: ModelProgress, expensive: ModelProgress) -> str:
    """smollm2 cost 10.4 times as much as gemma, and its coverage is 12.5 points higher."""
    low, high = _per_problem(cheap), _per_problem(expensive)
    if low > 0:
        ratio = high / low
        cost = f"{_rounded(ratio)} times as much as" if ratio >= Fraction(105, 100) else "about as much as"
    else:
        cost = "more than" if high > 0 else "no more than"
    points = 100 * (_coverage(expensive) - _coverage(cheap))
    word = (
        "the same"
        if points == 0
        else f"{float(abs(points)):.1f} points {'higher' if points > 0 else 'lower'}"
    )
    return f"{safe(expensive.alias, LONGEST)} cost {cost} {safe(cheap.alias, LONGEST)}, and its coverage is {word}."


def _rounded(ratio: Fraction) -> str:
    """10.4, 321, 1,230."""
    value = float(f"{float(ratio):.3g}")
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _per_problem(m: ModelProgress) -> Fraction:
    """Pico-dollars, with what is presumed."""
    return Fraction(m.settled_pico + m.presumed_pico, m.problems)


def _coverage(m: ModelProgress) -> Fraction:
    return Fraction(m.solved_problems, m.problems)
