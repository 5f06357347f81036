"""The verifier tried on the gold answers themselves: one that calls them wrong would call every sample wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.grammar import part_of
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from orchestrator.problems.types import Problem
    from verifiers.workers.executor import Executor

_AS_ANSWERED = {"numeric": "#### {}", "math": "\\boxed{{{}}}", "exact": "{}", "choice": "The answer is {}."}
"""Kinds whose gold is an answer, and how a model would put it."""
_SHOWN = 60


def gold_judged_wrong(executor: Executor, problems: Sequence[Problem], most: int) -> str | None:
    """What to say if the gold answers of some of the first `most` problems aren't right by the verifier. None: they
    are, or its kind has no gold answer to try."""
    form = _AS_ANSWERED.get(executor.verifier.kind)
    if form is None:
        return None
    field = str(executor.options.get("field", "answer"))
    tried = [
        (problem, gold if "####" in gold else form.format(gold))
        for problem in problems[:most]
        if isinstance(gold := _text(problem.data.get(field)), str)
    ]
    verdicts = executor.judge([(text, problem.data) for problem, text in tried])
    wrong = [
        (problem, verdict)
        for (problem, _), verdict in zip(tried, verdicts, strict=True)
        if verdict.passed is not True
    ]
    if not wrong:
        return None
    problem, verdict = wrong[0]
    gold = safe(str(problem.data.get(field)), _SHOWN)
    why = verdict.reason or (
        "no answer extracted" if verdict.answer is None else f"it reads {safe(verdict.answer, _SHOWN)!r}"
    )
    return (
        f"the verifier {executor.verifier.kind} does not take the gold answer itself for right on "
        f"{part_of(len(wrong), len(tried), 'problem')}, such as {safe(problem.key, _SHOWN)} "
        f"(gold {gold!r}: {safe(why, 100)})"
    )


def _text(gold: object) -> str | None:
    """Indexes of options, and lists, are written in other ways by a model."""
    if isinstance(gold, bool):
        return None
    return str(gold) if isinstance(gold, (str, int, float)) else None
