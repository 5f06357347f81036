"""What a short text with numbers states: one number, an equation with its result, or something that is no answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from verifiers.numbers.parse import Number, scan
from verifiers.numbers.words import dollars_and_cents, leading_values

Readings = tuple[Fraction, ...]
"""The readings of one number, the plainest first; () for no number."""

FILLER = re.compile(
    r"(?:[\s\"'`*_({}\[|~≈=:>$£€¥₹\\-]|approximately\b|about\b|around\b|roughly\b|exactly\b|only\b|just\b|simply\b"
    r"|is\b|a total of\b|therefore\b|thus\b|so\b|[A-Za-z](?:_\w{1,9})? ?=|boxed\b|fbox\b|final\b|the\b|answer\b)*",
    re.IGNORECASE,
)
"""What may stand before the number of an answer without meaning anything. Matches everywhere, maybe nothing."""
_OPERATOR_GAP = re.compile(
    r"[ \u2009]?(?:[$£€%°)}\]]|[A-Za-z./]{1,20}){0,1}(?:[ \u2009]+[A-Za-z]{1,20}){0,2}[ \u2009)}$£€%]*"
    r"(?:[-+×·÷*/^±]|\*\*|\b[xX]\b|\bplus\b|\bminus\b|\btimes\b|\bdivided by\b|\bmultiplied by\b)"
    r"[ \u2009({$£€]*"
)
_EQUALS_GAP = re.compile(r"[^,;:(\n=≈]{0,60}[=≈][^,;\n]{0,40}")
_STOPS_CHAIN = re.compile(
    r"\b(?:because|since|as|so|and|or|when|where|which|with|from|but|if)\b|[.!?](?=\s)", re.IGNORECASE
)
IS_BOUND = re.compile(
    r"[ ](?:[a-z]{1,20} )?or (?:more|less|fewer|greater|above|below|over|higher|lower)\b|[ ]?[-+*/^][ ]?[xyzn]\b"
    r"|[ ](?:less|more|fewer|greater) than [$£€]?[0-9]|[xyzn](?=[ ]?(?:[-+*/=^)}]|$))"
)
"""After a number that is none of an answer's: `64 or more`, `64 + x`, `64 less than 100`."""
IS_OPERAND = re.compile(
    r"(?:\b(?:twice|thrice|double|triple|half of|square(?: root)? of|cube of|sqrt|[xyzn] ?[-+*/])[ ]?\(?[$£€]?"
    r"|[>≤≥] ?|< )$",
    re.IGNORECASE,
)
"""Before one: `twice 64`, `x + 64`."""
_CHOICE_GAP = re.compile(r"[ {}]{0,3}(?:-|\bto\b|\bor\b|\band\b)[ {}]{0,3}(?:[A-Za-z] ?= ?)?[$£€]?")
_LIST_GAP = re.compile(r"(?:[,;] ?(?:(?:and|or) )?| (?:and|or) )[$£€]?")
_COMPOUND_GAP = re.compile(
    r" ?(?:hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|feet|foot|ft|pounds?|lbs?|gallons?),?(?: and)? "
)
_COMPOUND_NEXT = re.compile(
    r" ?(?:minutes?|mins?|m|seconds?|secs?|hours?|days?|weeks?|months?|inch|inches|in|ounces?|oz|quarts?|pints?)\b"
)
_FULL_HOUR = re.compile(r"(?<![0-9:])([0-9]{1,2}):00(?![0-9:])")  # 3:00 pm answers "at what hour" with 3
_APART_MINUS = re.compile(r"^([\s$({]{0,9})- (?=[$0-9])")  # "#### - 5"
_DIGIT = re.compile(r"[0-9]")
_BLANK_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?: [0-9]{3})+(?![0-9/]| ?/)")


def after_filler(line: str) -> str:
    """The line from where its statement begins."""
    match = FILLER.match(line)
    return line[match.end() :] if match else line


def begins_with_number(rest: str) -> bool:
    return rest[:1].isdigit() or (rest[:1] == "." and rest[1:2].isdigit())


def spelt(text: str) -> Readings:
    """The value of the number words that the text begins with."""
    return leading_values(text[:400])


def value_of(line: str) -> Readings | None:
    """The value of a short text that states an answer: its first number, or if that begins an equation, what the
    equation comes to. () without a number; None for what is not one number: an expression that is not worked out, a
    range, two answers, hours and minutes, a time."""
    line = _join_blank_groups(line)
    if ":00" in line:
        line = _FULL_HOUR.sub(r"\1", line)
    if "- " in line:
        line = _APART_MINUS.sub(r"\1-", line)
    numbers = list(scan(line))
    if not numbers:
        return spelt(after_filler(line))
    if ("cent" in line or "pence" in line) and (value := dollars_and_cents(after_filler(line))) is not None:
        return (value,)
    at = 0
    while True:
        linked = False
        while linked_to_next(line, numbers, at):
            at, linked = at + 1, True
        if equation_goes_on(line, numbers, at):
            at += 1
            continue
        if linked or (at == 0 and _is_choice(line, numbers)) or IS_BOUND.match(line, numbers[at].end):
            return None
        if IS_OPERAND.search(line[max(0, numbers[at].start - 20) : numbers[at].start]):
            return None
        return with_exact(line, numbers, at) or None


def _join_blank_groups(line: str) -> str:
    """`1 234` is one number if it is the first of an answer."""
    digit = _DIGIT.search(line)
    if digit and (match := _BLANK_GROUPS.match(line, digit.start())):
        return line[: match.start()] + match.group().replace(" ", "\u2009") + line[match.end() :]
    return line


def _gap(line: str, numbers: Sequence[Number], at: int) -> str:
    return line[numbers[at].end : numbers[at + 1].start]


def linked_to_next(line: str, numbers: Sequence[Number], at: int) -> bool:
    """An operator stands between this number and the next."""
    if at + 1 >= len(numbers):
        return False
    gap = _gap(line, numbers, at)
    if not gap.strip() and line[numbers[at + 1].start] in "+-":
        return True
    return len(gap) <= 60 and _OPERATOR_GAP.fullmatch(gap) is not None


def equation_goes_on(line: str, numbers: Sequence[Number], at: int) -> bool:
    """An equals sign leads from this number to the next."""
    if at + 1 >= len(numbers):
        return False
    gap = _gap(line, numbers, at)
    return len(gap) <= 101 and _EQUALS_GAP.fullmatch(gap) is not None and not _STOPS_CHAIN.search(gap)


def with_exact(line: str, numbers: Sequence[Number], at: int) -> Readings:
    """The readings of a number, and of the exact one that it is near to: `1/3 ≈ 0.333`."""
    is_near = (
        at > 0
        and "≈" in _gap(line, numbers, at - 1)
        and not (at > 1 and linked_to_next(line, numbers, at - 2))
    )
    return (*numbers[at - 1].readings, *numbers[at].readings) if is_near else numbers[at].readings


def _is_choice(line: str, numbers: Sequence[Number]) -> bool:
    """10 to 20; 18 or 20; 3, 4 and 5; 3 hours 30 minutes."""
    if len(numbers) < 2:
        return False
    gap = _gap(line, numbers, 0)[:80]
    if _CHOICE_GAP.fullmatch(gap):
        return True
    if not any(char.isalpha() for char in line[numbers[-1].end :]) and all(
        _LIST_GAP.fullmatch(_gap(line, numbers, at)) for at in range(len(numbers) - 1)
    ):
        return True
    return bool(_COMPOUND_GAP.fullmatch(gap) and _COMPOUND_NEXT.match(line, numbers[1].end))
