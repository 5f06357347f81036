"""A verifier that calls every sample wrong, or every one right: most often it looks for another form of answer."""

from __future__ import annotations

from orchestrator.text.safe import safe

ENOUGH = 20
"""Verdicts of a model from which on all alike are worth a word."""
_TEXT = 160
_ANSWER = 60


def one_sided(verdicts: int, right: int, *, text: str, answer: str | None, gold: str | None) -> str | None:
    """What to say of a model's verdicts, with one example; None if they are few, or differ."""
    if verdicts < ENOUGH or 0 < right < verdicts:
        return None
    what = "wrong" if not right else "right"
    end = safe(text.strip()[-_TEXT:])
    extracted = "no answer extracted" if answer is None else f"extracted {safe(answer, _ANSWER)!r}"
    gold_is = "" if gold is None else f", gold {safe(gold, _ANSWER)!r}"
    remedy = (
        "look at more (`show`); if answers are right, choose another verifier (`verify --verifier KIND`), "
        "or say in the prompt how to answer"
        if not right
        else "look at some (`show`): the verifier may pass anything, or the problems may be too easy to tell "
        "models apart"
    )
    return f"all {verdicts:,} verdicts are {what}. One sample ends “{end}”: {extracted}{gold_is}. To do: {remedy}"


def gold_of(answer: object) -> str | None:
    """A problem's gold answer as it is shown; None if it has none."""
    return None if answer is None else str(answer)
