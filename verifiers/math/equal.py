"""Whether an answer is the gold answer.

Numbers are compared exactly, structures part by part, words as words; only formulas that are neither go to sympy. An
answer that is equal in value is the same, `2 + 3` for 5 too. Where answers must be worked out (`worked_out`), an answer
to a gold that is a plain number must be a plain number.
"""

from __future__ import annotations

import re
from typing import Literal

from verifiers.math import symbolic as math_symbols
from verifiers.math.normalize import letter, normal, words
from verifiers.math.number import plain_number
from verifiers.math.parts import (
    MAX_PARTS,
    Assigned,
    Parts,
    assigned,
    last_side,
    named_parts,
    parts_of,
    sides_of,
)
from verifiers.math.spelling import ALL_REALS, NO_SOLUTION, counted
from verifiers.math.units import are_opposite
from verifiers.numbers.parse import render
from verifiers.numbers.words import leading_values

Outcome = Literal["same", "different", "unreadable gold"]

_BASE = re.compile(
    r"\(?(-?[0-9A-Z.]+)\)?_(?:\{?([0-9]{1,2})\}?|\{?(?:\\text\{)?(two|three|four|five|six|seven|eight|nine|ten)\}?\}?)"
)
MAX_DEPTH = 25
"""Brackets within brackets; beyond, an answer is nonsense."""
_MAX_FORMULA = 300
"""Characters that a formula may have beyond four times its gold's before it is not worth sympy's time."""
_PROSE = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{12,}")
_UNORDERED = ("list", "set", "union")
_IN_A_ROW = ("list", "tuple")


def compare(gold: str, answer: str, *, worked_out: bool = False) -> Outcome:
    """`gold` and `answer` as written, without their boxes."""
    if (wanted := letter(gold)) is not None and (chosen := letter(answer)) is not None:
        return "same" if wanted == chosen else "different"
    if are_opposite(gold, answer):
        return "different"
    gold, answer = _in_figures(gold, answer), _in_figures(answer, gold)
    wanted = normal(gold)
    if (in_words := words(gold)) is not None and wanted not in (ALL_REALS, NO_SOLUTION):
        return "same" if _same_words(gold, in_words, answer) else "different"
    found = normal(answer)
    if not found or _depth(found) > MAX_DEPTH:
        return "different"
    if wanted == found or _Comparison(worked_out).same(wanted, found):
        return "same"
    return "different" if _readable(wanted) else "unreadable gold"


def shown(answer: str) -> str:
    """The answer as it is kept and counted in votes: a number in one way of writing, else its normal text."""
    if (text := words(answer)) is not None:
        return text
    text = normal(answer)
    number = plain_number(assigned(text)[1])
    return text if number is None else f"{render(number.value)}{'%' if number.percent else ''}"


def is_plain(gold: str) -> bool:
    """Whether the gold is a plain number."""
    return plain_number(assigned(normal(gold))[1]) is not None


def _in_figures(text: str, other: str) -> str:
    """`twenty-five` as 25 and `C(5,2)` as 10 beside a number: beside other words it is one of them, and C a point."""
    if not is_plain(other):
        return text
    said = words(text)
    if said is None:
        return counted(text)
    values = leading_values(said)
    return render(values[0]) if values else text


def _same_words(gold: str, in_words: str, answer: str) -> bool:
    said = words(answer) or words(f"\\text{{{answer}}}")
    if said == in_words:
        return True
    if said is None or "," not in gold:
        return False
    return sorted(in_words.split()) == sorted(said.split())


class _Comparison:
    """Of two normal texts."""

    def __init__(self, worked_out: bool) -> None:
        self._worked_out = worked_out

    def same(self, gold: str, answer: str) -> bool:
        if gold == answer:
            return True
        numbers = plain_number(gold), plain_number(answer)
        if numbers[0] and numbers[1]:
            return numbers[0].equals(numbers[1])
        if (named := named_parts(gold, answer)) is not None:
            return self._same_named(*named)
        names = assigned(gold), assigned(answer)
        if names[0][0] and names[1][0] and names[0][0] != names[1][0]:
            return self._other_names(gold, answer, names)
        if names[0][0] or names[1][0]:
            return self._same_assigned(gold, answer, names)
        if "=" not in gold and "," not in answer and (side := last_side(answer)) != answer:
            first = plain_number(answer.partition("=")[0])
            return self.same(gold, side) and (numbers[0] is None or first is None or numbers[0].equals(first))
        wanted, found = parts_of(gold), parts_of(answer)
        if wanted.shape == found.shape == "atom":
            return self._same_atom(wanted.inside[0], found.inside[0])
        if "relation" in (wanted.shape, found.shape):
            return wanted.shape == found.shape and self._same_relation(gold, answer)
        if wanted.shape == "atom" and found.shape == "list":
            return len(found.inside) <= MAX_PARTS and all(self.same(gold, part) for part in found.inside)
        return self._same_parts(wanted, found)

    def _same_assigned(self, gold: str, answer: str, names: tuple[Assigned, Assigned]) -> bool:
        """`x = 5` for 5; and an equation that is solved for a variable for the same one that is not."""
        if self.same(names[0][1], names[1][1]):
            return bool(names[1][0] is None or names[0][0] is None or names[0][0] == names[1][0])
        return "=" in gold and "=" in answer and _same_formula(gold, answer)

    def _other_names(self, gold: str, answer: str, names: tuple[Assigned, Assigned]) -> bool:
        """x = 5 is not y = 5, though Area = 5 is A = 5; and y = 1 - x is x = 1 - y."""
        if len(names[0][0] or "") == len(names[1][0] or "") == 1:
            crossed = (names[1][0] or "") in names[0][1] and (names[0][0] or "") in names[1][1]
            return crossed and _same_formula(gold, answer)
        return self.same(names[0][1], names[1][1])

    def _same_named(self, gold: dict[str, str], answer: dict[str, str]) -> bool:
        return gold.keys() == answer.keys() and all(self.same(gold[name], answer[name]) for name in gold)

    def _same_parts(self, gold: Parts, answer: Parts) -> bool:
        count = len(gold.inside)
        if count != len(answer.inside) or count > MAX_PARTS:
            return False
        if gold.shape in _UNORDERED and answer.shape in _UNORDERED:
            return self._same_in_any_order(list(gold.inside), list(answer.inside))
        if gold.shape == answer.shape:
            if gold.marks != answer.marks:
                return False
        elif not _alike(gold, answer):
            return False
        return all(self.same(a, b) for a, b in zip(gold.inside, answer.inside, strict=True))

    def _same_in_any_order(self, gold: list[str], answer: list[str]) -> bool:
        left = list(answer)
        for wanted in gold:
            at = next((index for index, found in enumerate(left) if self.same(wanted, found)), None)
            if at is None:
                return False
            del left[at]
        return True

    def _same_atom(self, gold: str, answer: str) -> bool:
        bases = _BASE.fullmatch(gold), _BASE.fullmatch(answer)
        if bases[0] or bases[1]:
            return _same_in_base(bases, gold, answer)
        number = plain_number(gold)
        if number is None:
            return _same_formula(gold, answer)
        if self._worked_out or number.percent or not math_symbols.is_constant(answer):
            return False
        return _same_formula(gold, answer)

    def _same_relation(self, gold: str, answer: str) -> bool:
        """Side by side if the signs are alike; one inequality also as a formula."""
        sides, others = sides_of(gold), sides_of(answer)
        if sides[1::2] == others[1::2] and all(
            self.same(*pair) for pair in zip(sides[::2], others[::2], strict=True)
        ):
            return True
        return len(sides) == len(others) == 3 and _same_formula(gold, answer)


def _alike(gold: Parts, answer: Parts) -> bool:
    """A tuple without its brackets, and a column as a tuple."""
    if {gold.shape, answer.shape} == set(_IN_A_ROW):
        return "()" in (gold.marks, answer.marks)
    if {gold.shape, answer.shape} == {"matrix", "tuple"}:
        matrix, row = (gold, answer) if gold.shape == "matrix" else (answer, gold)
        return row.marks == "()" and matrix.marks == f"{len(matrix.inside)}x1"
    return {gold.shape, answer.shape} == {"set", "atom"}


def _same_in_base(bases: tuple[re.Match[str] | None, re.Match[str] | None], gold: str, answer: str) -> bool:
    """The digits, and the base if both state it."""
    stated = [match[2] or _BASES.get(match[3] or "", "") for match in bases if match]
    digits = [match[1] if match else text for match, text in zip(bases, (gold, answer), strict=True)]
    return digits[0] == digits[1] and len(set(stated)) == 1


_BASES = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}


def _same_formula(gold: str, answer: str) -> bool:
    if len(answer) > _MAX_FORMULA + 4 * len(gold) or _PROSE.search(answer):
        return False
    if math_symbols.is_huge(answer) and not math_symbols.is_huge(gold):
        return False
    return math_symbols.same_value(gold, answer)


def _depth(text: str) -> int:
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _readable(gold: str) -> bool:
    """Whether every part of the gold can be read, so that an answer that is not the same is wrong."""
    found = parts_of(assigned(gold)[1])
    if found.shape != "atom" and found.shape != "relation":
        return len(found.inside) <= MAX_PARTS and all(_readable(part) for part in found.inside)
    text = found.inside[0]
    return bool(plain_number(text) or _BASE.fullmatch(text) or words(text) or math_symbols.readable(text))
