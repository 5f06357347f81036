"""Kind `numeric`: the final number of an answer against the gold number, as exact fractions.

Options
- `rule = "final"` (default): see verifiers.numbers.final_number. Equal means equal: 18 = 18.00 = 36/2, but 0.33 is not
  1/3, and no rounding is forgiven unless `tolerance` says so;
  a verifier that is lenient by default makes coverage a fiction.
  Percent signs, currencies and units are not compared; `25%` also equals 1/4, and `1.5 million` also 1,500,000.
- `rule = "paper"`: the rule of "Large Language Monkeys" (Brown et al. 2024) for GSM8K: the first match of
  `#### (-?[$0-9.,]+)` in the text, and in the gold, without `,` and `$` and one trailing `.`, compared as text.
- `tolerance`: how far the answer may be from the gold: a number (`0.005`) or a share of the gold (`"1%"`).
- `field`: the problem's field that holds the gold; default `answer`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar

from verifiers.numbers.expression import Readings
from verifiers.numbers.final_number import final_number, marked_number
from verifiers.numbers.parse import render, scan
from verifiers.numbers.plain_text import clean, without_bold
from verifiers.types import Bounds, Isolation, Verdict

_VERSION = "2"
_PAPER = re.compile(r"#### (-?[$0-9.,]+)")
_MAX_ANSWER = 200
_UNIT_ONLY = re.compile(r"[^0-9=+*×÷/:;,(\n]{0,60}")


class Numeric:
    """Pure and without state but its options; never raises for any text."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("rule", "tolerance", "field")
    kind = "numeric"
    isolation: Isolation = "inline"

    def __init__(
        self,
        *,
        rule: str = "final",
        tolerance: object = 0,
        field: str = "answer",
        bounds: Bounds | None = None,
    ) -> None:
        """ValueError, one line, for an option out of range. It needs no bounds: it is quick and cannot hang."""
        if rule not in ("final", "paper"):
            raise ValueError(f"verifier numeric: rule is {rule!r}; it may be 'final' or 'paper'")
        if not isinstance(field, str) or not field:  # pyright: ignore[reportUnnecessaryIsInstance] - from TOML
            raise ValueError("verifier numeric: field is not the name of a field")
        self._paper = rule == "paper"
        self._field = field
        self._tolerance, self._relative = _parse_tolerance(tolerance)
        if self._paper and self._tolerance:
            raise ValueError("verifier numeric: rule 'paper' compares text; it takes no tolerance")

    @property
    def version(self) -> str:
        parts = [_VERSION]
        if self._paper:
            parts.append("rule=paper")
        if self._tolerance:
            share = "%" if self._relative else ""
            parts.append(f"tolerance={render(self._tolerance * (100 if self._relative else 1))}{share}")
        if self._field != "answer":
            parts.append(f"field={self._field}")
        return ";".join(parts)

    def lacks(self) -> None:
        return None

    def close(self) -> None:
        pass

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None only if the gold is not a number; a text without a number is wrong."""
        gold = problem.get(self._field)
        if gold is None:
            return Verdict(passed=None, reason=f"the problem has no {self._field}")
        return (
            self._by_paper(text, gold) if self._paper else self._by_value(text, gold, problem.get("question"))
        )

    def _by_value(self, text: str, gold: object, question: object) -> Verdict:
        golds = parse_gold(gold)
        if not golds:
            return Verdict(passed=None, reason=f"the gold answer {_short(gold)} is not a number")
        found = final_number(text, question if isinstance(question, str) else "")
        if not found:
            return Verdict(passed=False, reason="no number in the answer")
        for value in found:
            if any(self._equal(value, reference) for reference in golds):
                return Verdict(passed=True, answer=_shown(value))
        return Verdict(passed=False, answer=_shown(found[0]))

    def _equal(self, value: Fraction, gold: Fraction) -> bool:
        if not self._tolerance:
            return value == gold
        bound = self._tolerance * abs(gold) if self._relative else self._tolerance
        return abs(value - gold) <= bound

    def _by_paper(self, text: str, gold: object) -> Verdict:
        reference = _paper_answer(str(gold)) or _paper_answer(f"#### {gold}")
        if not reference:
            return Verdict(passed=None, reason=f"the gold answer {_short(gold)} has no number after ####")
        found = _paper_answer(text)
        if found is None:
            return Verdict(passed=False, reason="no #### number in the answer")
        return Verdict(passed=found == reference, answer=found[:_MAX_ANSWER])


def parse_gold(gold: object) -> Readings:
    """The readings of a gold answer: a number, its text, or GSM8K's solution ending in `#### 18`; () for none."""
    if isinstance(gold, bool):
        return ()
    if isinstance(gold, (int, Fraction)):
        return (Fraction(gold),)
    if isinstance(gold, float):
        return (Fraction(repr(gold)),) if math.isfinite(gold) else ()
    if isinstance(gold, Decimal):
        return (Fraction(gold),) if gold.is_finite() else ()
    if not isinstance(gold, str):
        return ()
    return _parse_gold_text(gold)


@lru_cache(maxsize=2048)  # a problem's gold meets each of its samples
def _parse_gold_text(gold: str) -> Readings:
    tail = gold.rpartition("####")[2] if "####" in gold else gold
    return _whole(tail) or marked_number(gold)


def _whole(text: str) -> Readings:
    """The number that the text is, give or take a currency, a unit and markup; () if it says anything more."""
    plain = without_bold(clean(text)).strip()
    numbers = list(scan(plain[:1000]))
    if len(numbers) != 1:
        return ()
    before, after = plain[: numbers[0].start], plain[numbers[0].end :]
    if before.strip(" \t$({`*\"'=-") or before.rstrip().endswith("-") or not _UNIT_ONLY.fullmatch(after):
        return ()
    return numbers[0].readings


def _paper_answer(text: str) -> str | None:
    match = _PAPER.search(text)
    if match is None:
        return None
    return match.group(1).replace(",", "").replace("$", "").removesuffix(".")


def _parse_tolerance(value: object) -> tuple[Fraction, bool]:
    """(tolerance, whether it is a share of the gold)."""
    relative = isinstance(value, str) and value.strip().endswith("%")
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
            raise ValueError
        if isinstance(value, str) and (len(value) > 40 or "e" in value.lower()):
            raise ValueError  # its digits, written out, could fill the memory
        number = Fraction(value.strip().removesuffix("%") if isinstance(value, str) else str(value))
    except (ValueError, OverflowError, ZeroDivisionError):
        raise ValueError(
            f"verifier numeric: tolerance is {value!r}; it may be a number >= 0 or a share such as '1%'"
        ) from None
    if number < 0:
        raise ValueError(f"verifier numeric: tolerance is {value!r}; it may not be negative")
    return (number / 100 if relative else number), relative


def _shown(value: Fraction) -> str:
    text = render(value)
    return text if len(text) <= _MAX_ANSWER else f"{text[:_MAX_ANSWER]}…"


def _short(gold: object) -> str:
    text = str(gold) if not isinstance(gold, (int, float)) else f"{type(gold).__name__}"
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
