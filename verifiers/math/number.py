"""Answers that are plain numbers, read exactly: integers, decimals, fractions, mixed numbers, percentages, repeating
decimals, powers and scientific notation. Nothing else is worked out: `2 + 3` is not a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_MAX_DIGITS = 400
_MAX_POWER = 4_000
"""Digits of a power that is worked out."""

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,400})"
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]{{0,400}})?|\.[0-9]{{1,400}})"
_SIGNED = rf"[-+]?{_DECIMAL}"
_PLAIN = re.compile(_SIGNED)
_RATIO = re.compile(
    rf"(?P<sign>[-+]?)(?:(?P<whole>{_DIGITS})?\\frac\{{(?P<a>{_SIGNED})\}}\{{(?P<b>{_SIGNED})\}}"
    rf"|(?:(?P<before>{_DIGITS}) )?(?P<c>{_DECIMAL})/(?P<d>{_SIGNED}))"
)
_SLASH = re.compile(rf"\(?(?P<a>{_SIGNED})\)?/\(?(?P<b>{_SIGNED})\)?")
_REPEATING = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>[0-9]{0,50})\.(?P<fixed>[0-9]{0,50})\\overline\{(?P<again>[0-9]{1,50})\}"
)
_POWER = re.compile(
    rf"(?:(?P<factor>{_SIGNED})(?:\\times|\\cdot|\*))?\(?(?P<base>{_SIGNED})\)?\^\{{?(?P<exponent>[-+]?[0-9]{{1,6}})\}}?"
)
_E = re.compile(rf"(?P<mantissa>{_SIGNED})[eE](?P<exponent>[-+]?[0-9]{{1,4}})")


@dataclass(frozen=True, slots=True)
class Plain:
    """A number, and whether it is written as a percentage: `50%` is 50 with `percent`."""

    value: Fraction
    percent: bool = False

    def equals(self, other: Plain) -> bool:
        """50% is 50 and is 0.5."""
        if self.value == other.value:
            return True
        if self.percent == other.percent:
            return False
        mine, others = (self, other) if self.percent else (other, self)
        return mine.value / 100 == others.value


def plain_number(text: str) -> Plain | None:
    """The number that a normal text is; None for anything else."""
    bare = text.removesuffix("%")
    percent = bare != text
    while len(bare) > 2 and bare[0] == "(" and bare[-1] == ")" and "(" not in bare[1:]:
        bare = bare[1:-1]
    if not bare or len(bare) > 2 * _MAX_DIGITS + 20:
        return None
    try:
        value = _value(bare)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return None if value is None else Plain(value, percent)


def _value(text: str) -> Fraction | None:
    if _PLAIN.fullmatch(text):
        return _read(text)
    if text[:2] in ("--", "-(") or text[:1] == "(":
        return _of_ratio(text)
    if match := _RATIO.fullmatch(text):
        return _ratio(match)
    if match := _REPEATING.fullmatch(text):
        return _repeating(match)
    if match := _E.fullmatch(text):
        return _scaled(_read(match["mantissa"]), Fraction(10), int(match["exponent"]))
    if match := _POWER.fullmatch(text):
        return _power(match, text)
    return _of_ratio(text)


def _read(digits: str) -> Fraction:
    plain = digits.replace(",", "")
    return Fraction(plain + "0" if plain.endswith(".") else plain)


def _ratio(match: re.Match[str]) -> Fraction | None:
    if match["a"] is not None:
        part = _read(match["a"]) / _read(match["b"])
        whole = match["whole"]
    else:
        part = _read(match["c"]) / _read(match["d"])
        whole = match["before"]
    if whole is not None:
        if not 0 <= part < 1:
            return None
        part += _read(whole)
    return -part if match["sign"] == "-" else part


def _of_ratio(text: str) -> Fraction | None:
    match = _SLASH.fullmatch(text)
    return _read(match["a"]) / _read(match["b"]) if match else None


def _repeating(match: re.Match[str]) -> Fraction:
    fixed, again = match["fixed"], match["again"]
    value = Fraction(int(match["whole"] or "0"))
    if fixed:
        value += Fraction(int(fixed), 10 ** len(fixed))
    value += Fraction(int(again), 10 ** len(fixed) * (10 ** len(again) - 1))
    return -value if match["sign"] == "-" else value


def _power(match: re.Match[str], text: str) -> Fraction | None:
    base, exponent = _read(match["base"]), int(match["exponent"])
    negated = match["factor"] is None and match["base"].startswith("-") and "(" not in text  # -2^2 is -4
    value = _scaled(Fraction(1), abs(base) if negated else base, exponent)
    if value is None:
        return None
    value *= _read(match["factor"]) if match["factor"] else 1
    return -value if negated else value


def _scaled(factor: Fraction, base: Fraction, exponent: int) -> Fraction | None:
    size = max(len(str(base.numerator)), len(str(base.denominator)))
    if abs(exponent) * size > _MAX_POWER:
        return None
    return factor * base**exponent
