"""Kind `math`: the final answer of a solution in LaTeX or words against the gold answer.

Numbers are exact: 1/2 = 0.5 = 50%, but 0.33 is not 1/3 and 3.14 is not π. Units, degree signs and currencies are not
compared. A list or a set is equal in any order, a tuple and an interval in theirs and with their brackets. An answer
that is equal in value is right, as with the field's graders: `2 + 3` for 5, factored for expanded, if sympy proves it.
A formula copied from the question is no answer, unless it is the gold letter by letter. The kind needs math-verify
(extra `math`) and runs in a worker process that is killed at its limit: some formulas take sympy for ever.

Options
- `field`: the problem's field that holds the gold; default `answer`. LaTeX, words, a number, or a solution that ends in
  a box or in `#### 18`.
- `form = "value"` (default): equal in value is right. `form = "final"`: if the gold is a plain number, the answer
  must be one too, so that `2 + 3` is wrong for 5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from verifiers.math import symbolic as math_symbols
from verifiers.math.equal import Outcome, compare, is_plain, shown
from verifiers.math.final_answer import MAX_ANSWER, boxed, formulas, said, stated
from verifiers.math.normalize import normal
from verifiers.math.number import plain_number
from verifiers.math.parts import split
from verifiers.math.spelling import in_radians
from verifiers.numbers.final_number import final_number
from verifiers.numbers.parse import render
from verifiers.types import Bounds, Isolation, Lack, Package, Verdict

_VERSION = "2"
_MAX_SHOWN = 200
_MAX_QUESTION = 20_000
_MAX_ROW = 2_000
_ROW = re.compile(r"(?:[-+$]?[0-9.]+(?:/[0-9]+)?(?:[,;]?\s+(?:and |or )?|;))+[-+$]?[0-9.]+(?:/[0-9]+)?\.?")
"""A last line that only lists numbers, one of which may be right: a row of guesses."""
_BRACKETS = str.maketrans("", "", "(){}")
_WRITTEN_OUT = re.compile(r"frac|/|\^|\\cdot|\\times|\*")
"""A number that is still to be worked out."""


class Math:
    """State is a cache by text alone; never raises for any text."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("field", "form")
    kind = "math"
    isolation: Isolation = "worker"

    def __init__(
        self, *, field: str = "answer", form: object = "value", bounds: Bounds | None = None
    ) -> None:
        """ValueError, one line, for an option out of range. The pool keeps the bounds."""
        if not isinstance(field, str) or not field:  # pyright: ignore[reportUnnecessaryIsInstance] - from TOML
            raise ValueError("verifier math: field is not the name of a field")
        if form not in ("value", "final"):
            raise ValueError(f"verifier math: form is {form!r}; it may be 'value' or 'final'")
        self._field = field
        self._worked_out = form == "final"

    @property
    def version(self) -> str:
        parts = [_VERSION, f"math-verify={math_symbols.library_version()}"]
        if self._field != "answer":
            parts.append(f"field={self._field}")
        if self._worked_out:
            parts.append("form=final")
        return ";".join(parts)

    def lacks(self) -> Lack | None:
        if math_symbols.installed():
            return None
        return "verifier math needs the package math-verify", Package("math")

    def close(self) -> None:
        pass

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None only if the gold is missing or can't be read; a text without an answer is wrong."""
        gold = gold_text(problem.get(self._field))
        if gold is None:
            return Verdict(passed=None, reason=f"the problem has no {self._field} as text or a number")
        question = problem.get("question") or problem.get("problem") or problem.get("prompt")
        return _judged(
            text, gold, question[:_MAX_QUESTION] if isinstance(question, str) else "", self._worked_out
        )


def gold_text(value: object) -> str | None:
    """The gold answer as LaTeX or words; None if there is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        return None
    inside = boxed(value)
    if inside is not None:
        return inside or None
    return value.rpartition("####")[2].strip() or None


@lru_cache(maxsize=8192)
def _judged(text: str, gold: str, question: str, worked_out: bool) -> Verdict:
    answer = stated(text)
    if answer is None and is_plain(gold):
        return _by_number(text, gold, question)
    if answer is None:
        answer = said(text)
    if answer is None or not answer.strip():
        return Verdict(passed=False, reason="no answer in the text")
    if len(answer) > MAX_ANSWER:
        return Verdict(passed=False, reason=f"an answer of more than {MAX_ANSWER:,} characters")
    kept = shown(answer)[:_MAX_SHOWN]
    outcome = _compared(gold, answer, worked_out)
    if outcome == "unreadable gold":
        return Verdict(
            passed=None, answer=kept, reason=f"the gold answer {gold[:60]!r} can't be read as a formula"
        )
    if outcome == "same" and _restates(answer, gold, question):
        return Verdict(passed=False, answer=kept, reason="a formula of the question, copied")
    return Verdict(passed=outcome == "same", answer=kept)


def _by_number(text: str, gold: str, question: str) -> Verdict:
    """An answer without a box to a gold that is a number: read as the kind numeric reads it."""
    found = final_number(text, question)
    if not found or _ROW.fullmatch(text[-_MAX_ROW:].rstrip().rpartition("\n")[2]):
        return Verdict(passed=False, reason="no answer in the text")
    for value in found:
        if _compared(gold, str(value), worked_out=True) == "same":
            return Verdict(passed=True, answer=render(value)[:_MAX_SHOWN])
    return Verdict(passed=False, answer=render(found[0])[:_MAX_SHOWN])


@lru_cache(maxsize=8192)
def _compared(gold: str, answer: str, worked_out: bool) -> Outcome:
    outcome = compare(gold, answer, worked_out=worked_out)
    if outcome == "different" and (radians := (in_radians(gold), in_radians(answer))) != (gold, answer):
        return compare(*radians, worked_out=worked_out)
    return outcome


def _restates(answer: str, gold: str, question: str) -> bool:
    """Whether the answer is one of the question's own formulas; a number may be."""
    text = _without_brackets(normal(answer))
    number = plain_number(text)
    if not question or text == normal(gold) or (number is not None and not _WRITTEN_OUT.search(text)):
        return False
    if any(
        text in {*split(one, "="), one} for one in map(_without_brackets, map(normal, formulas(question)))
    ):
        return True
    return is_plain(gold) and len(text) > 2 and _bare(text) in _bare(normal(question.replace("$", " ")))


def _without_brackets(text: str) -> str:
    return text[1:-1] if text[:1] == "(" and text[-1:] == ")" and "(" not in text[1:] else text


def _bare(text: str) -> str:
    """Without brackets: `\\log_{2}(8)` is copied from `\\log_2 8`."""
    return text.translate(_BRACKETS)
