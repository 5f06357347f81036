"""Reading numbers as people and models write them, into exact fractions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from verifiers.numbers.words import cents_of

MAX_DIGITS = 400
"""A longer number is no answer. Python itself converts at most 4,300 digits; nobody's answer has 400."""
MAX_EXPONENT = 400

_BLOB = re.compile(r"\.?[0-9]+(?:[.,_'\u2009][0-9]+)*")
_WESTERN = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(\.[0-9]+)?")
_INDIAN = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(\.[0-9]+)?")
_OTHER_GROUPS = re.compile(r"[1-9][0-9]{0,2}([_'\u2009])[0-9]{3}(?:\1[0-9]{3})*(?:\.[0-9]+|,[0-9]{1,2})?")
_CONTINENTAL = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})(?:(?:\.[0-9]{3})+(?:,[0-9]+)?|,[0-9]{1,2})")
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")

_DATE = re.compile(
    r"[0-9]{1,4}([/.-])[0-9]{1,2}\1[0-9]{2,4}(?![0-9])"
    r"|(?:(?<=january )|(?<=february )|(?<=march )|(?<=april )|(?<=may )"
    r"|(?<=june )|(?<=july )|(?<=august )|(?<=september )|(?<=october )|(?<=november )|(?<=december ))"
    r"[0-9]{1,2}(?:st|nd|rd|th)?,?[ ][0-9]{4}(?![0-9])",
    re.IGNORECASE,
)
_TIME = re.compile(r"[0-9]{1,4}(?::[0-9]{1,4}){1,3}(?![0-9])")
_MIXED = re.compile(r"(?:[ ]|[ ]and[ ])([0-9]{1,6})[ ]?/[ ]?([0-9]{1,6})(?![0-9]|[.,][0-9]|[ ]?/|[ ]of\b)")
_AND_PART = re.compile(
    r"[ ]and[ ](an?|one|two|three|four|five|seven)[ -](half|quarter|third|fourth|fifth|sixth|eighth|tenth)s?\b"
    r"(?![ ]of\b)",
    re.IGNORECASE,
)
_TOPS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "seven": 7}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_MORE_OVER = re.compile(r"(?:[ ]?/[ ]?[0-9]+)+")
_SUPERSCRIPT = re.compile(r"⁻?[⁰¹²³⁴-⁹]{1,6}")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_IRRATIONAL = re.compile(r"[ ]?[√π]")
_OVER = re.compile(r"[ ]?/[ ]?\$?(\.?[0-9]+(?:[.,_'\u2009][0-9]+)*)")
_POWER_OF_TEN = re.compile(
    r"[ \u2009]?(?:[×xX*·])[ \u2009]?10[ ]?(?:(?:\^|\*\*)[ ]?([-+]?[0-9]{1,6})(?![0-9])|(⁻?[⁰¹²³⁴-⁹]{1,6}))"
)
_E = re.compile(r"[eE]([-+]?[0-9]{1,6})(?![A-Za-z0-9])")
_CARET = re.compile(r"\^([-+]?[0-9]{1,6})(?![0-9])")
_SCALE = re.compile(r"[ \u2009-]?(hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE)
_SHORT_SCALE = re.compile(r"(k|K|M|bn|B)(?![A-Za-z0-9])")
_DOZEN = re.compile(r"[ ]dozens?\b", re.IGNORECASE)
_CENTS = re.compile(
    r"(?P<word>[ ](?:dollars?|euros?|pounds?|bucks))?,?(?:[ ]and)?[ ]"
    r"(?P<cents>[0-9]{1,2}|[a-z]{3,9}(?:[ -][a-z]{3,5})?)(?:[ ](?:cents?|pence)\b|[ ]?¢|p\b)",
    re.IGNORECASE,
)
_BELOW_ZERO = re.compile(
    r"[ ]?(?:°|degrees?\b)?[ ]?(?:C\b|F\b|Celsius\b|Fahrenheit\b)?[ ]?\bbelow (?:zero|0)(?![0-9])",
    re.IGNORECASE,
)
_IN_CENTS = re.compile(r"[ ]?(?:cents?\b|¢)", re.IGNORECASE)
_AGAIN = r"[ ,]{0,2}(?:\(|or[ ]|which is[ ]|that is,?[ ]|i\.e\.,?[ ]|=[ ]?)"
_SAME_IN_CENTS = re.compile(_AGAIN + r"([0-9]{1,6})[ ]?(?:cents?\b|¢)")
_SAME_IN_DOLLARS = re.compile(_AGAIN + r"\$([0-9]{1,6}\.[0-9]{2})(?![0-9])")
_GROUPED_BY_POINTS = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_EUROS = re.compile(r"[ \u2009]?(?:€|₫|EUR\b|[Ee]uros?\b)")
_PERCENT = re.compile(r"[ \u2009]?(?:%|percent\b|per cent\b)", re.IGNORECASE)
_SCALES = {
    "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12,
    "k": 3, "K": 3, "M": 6, "bn": 9, "B": 9,
}  # fmt: skip
_MONEY = r"(?:(?:US|AU|CA|NZ|HK|[ACSR])?[$£€¥₹₩]|USD|EUR|GBP|INR|CAD|AUD|Rs|Tk|₦)"
_BEFORE = re.compile(rf"(?P<sign>[-+])?(?:(?P<money>{_MONEY})[ ]?)?(?P<inner>[-+])?$")
_SPELT_SIGN = re.compile(r"(?<![A-Za-z0-9])(negative|minus)[ ]?[$£€]?$", re.IGNORECASE)
_OPERAND = re.compile(r"[0-9)][^0-9\n]{0,20}$")
_TAIL_BEGINS = re.compile(
    r"[ \u2009]?(?:[/×xX*·√π%¢€₫]|per|cent|eur)|[eEkKMbB^⁻⁰¹²³⁴-⁹]|,?[ ](?:[0-9]|and )"
    r"|[ ](?:dollar|pound|buck|dozen)|[ \u2009-]?(?:hundred|thousand|million|billion|trillion)",
    re.IGNORECASE,
)
"""How all that may follow a number's digits and belong to it begins: most often there is nothing of it."""
_DATE_SIGNS, _MONTH_ENDS = frozenset("/.-"), frozenset("yhletrYHLETR")
_PREFIX_ENDS, _SPELT_ENDS = frozenset("-+$£€¥₹₩₦DPRsk"), frozenset("eEsSſ")
"""How what _BEFORE and _SPELT_SIGN find ends, apart from a blank."""
_SIGN_MAY_FOLLOW = frozenset(" \t\n\u2009([{=:,;|\"'`~≈>*$£€#\\→")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text, `text[start:end]` with its sign and its currency. `value` None: digits that are no single
    number (a date, a time, a list without blanks, more than 400 digits)."""

    start: int
    end: int
    value: Fraction | None
    also: tuple[Fraction, ...] = ()
    """Other readings: `1.5 million` is 1,500,000, or 1.5 where the question counts in millions; `25%` is 25 or 1/4;
    `75 cents` is 75 or, in dollars, 0.75."""

    @property
    def readings(self) -> tuple[Fraction, ...]:
        return () if self.value is None else (self.value, *self.also)


def scan(text: str) -> Iterator[Number]:
    """The numbers of a cleaned text from left to right. Digits inside a word (H2O, x1) are none."""
    at = 0
    while found := _BLOB.search(text, at):
        start = found.start()
        if text[start] == "." and start > 0 and (text[start - 1] in ".…" or text[start - 1].isalnum()):
            start += 1  # the end of a sentence or an ellipsis, no decimal point
        number = _read(text, start)
        at = max(number.end, start + 1)
        if number.start >= 0:
            yield number


def _read(text: str, start: int) -> Number:
    """The number whose digits begin at `start`; start = -1 in it if they belong to a word."""
    if (end := _date_or_time(text, start)) is not None:
        return Number(start, end, None)
    blob = _BLOB.match(text, start)
    assert blob is not None
    left, negative = _prefix(text, start)
    if left < 0:
        return Number(-1, blob.end(), None)
    value = parse_digits(blob.group())
    end = blob.end()
    if value is not None and not negative and _BELOW_ZERO.match(text, end):
        return Number(left, end, -value)
    if value is not None and not _TAIL_BEGINS.match(text, end):
        return _with_cents(text, start, Number(left, end, -value if negative else value))
    if _EUROS.match(text, end) and _GROUPED_BY_POINTS.fullmatch(blob.group()):
        value = Fraction(blob.group().replace(".", ""))
    if value is None:
        return Number(left, end, None)
    value, end = _tail(text, value, end, money=start > left and text[start - 1] in "$£€ ")
    if value is None or _IRRATIONAL.match(text, end):
        return Number(left, end, None)
    return _with_cents(text, start, _scaled(text, left, end, -value if negative else value))


def _with_cents(text: str, start: int, number: Number) -> Number:
    """`$0.99 (99 cents)` is one number, and so is `99 cents, or $0.99`: see _scaled."""
    if number.value is None or "$" not in text[number.start : start]:
        return number
    match = _SAME_IN_CENTS.match(text, number.end)
    if match is None or int(match.group(1)) != 100 * number.value:
        return number
    return Number(number.start, match.end(), number.value, (100 * number.value,))


def _date_or_time(text: str, start: int) -> int | None:
    """Where the date or the time ends whose digits begin at `start`; None if they are neither's. A look at the signs
    around them tells most at once."""
    near = text[start : start + 5]
    may_be_date = not _DATE_SIGNS.isdisjoint(near) or text[start - 2 : start - 1] in _MONTH_ENDS
    match = _DATE.match(text, start) if may_be_date else None
    if match is None and ":" in near:
        match = _TIME.match(text, start)
    return None if match is None else match.end()


def parse_digits(digits: str) -> Fraction | None:
    """`1,234.50` and its kin, without sign; None for what is no single number. A comma before exactly three digits
    groups (1,234), before any other count it is a decimal comma (12,5). A point before exactly three digits
    groups if it stands twice (1.234.567), if a decimal comma follows (1.234,50), or if a euro sign or the word
    follows the number (1.200 €; see `_read`); else it is a decimal point (1.200)."""
    if len(digits) > MAX_DIGITS:
        return None
    if digits.isdecimal():
        return Fraction(int(digits))
    if _PLAIN.fullmatch(digits):
        return Fraction(digits)
    for pattern in (_WESTERN, _INDIAN):
        if pattern.fullmatch(digits):
            return Fraction(digits.replace(",", ""))
    if match := _OTHER_GROUPS.fullmatch(digits):
        return Fraction(digits.replace(match.group(1), "").replace(",", "."))
    if _CONTINENTAL.fullmatch(digits):
        return Fraction(digits.replace(".", "").replace(",", "."))
    if _DECIMAL_COMMA.fullmatch(digits):
        return Fraction(digits.replace(",", "."))
    return None


def _prefix(text: str, start: int) -> tuple[int, bool]:
    """(where sign and currency begin, negative); -1 if the digits belong to a word."""
    before = text[max(0, start - 12) : start]
    near = before.rstrip(" ")[-1:]
    if near not in _PREFIX_ENDS and near not in _SPELT_ENDS:
        previous = before[-1:]
        return (-1 if previous.isascii() and previous.isalnum() else start), False
    match = _BEFORE.search(before)
    assert match is not None
    left = start - len(match.group())
    signs = match.group("sign"), match.group("inner")
    previous = text[left - 1] if left > 0 else " "
    if previous.isascii() and previous.isalnum() and not any(signs):
        return (start, False) if match.group("money") and "$" in match.group("money") else (-1, False)
    if any(signs) and previous not in _SIGN_MAY_FOLLOW:
        return start, False  # 16-3, pages 10-20: an operator or a hyphen
    negative = "-" in signs
    if spelt := _SPELT_SIGN.search(before):
        word_at = start - len(spelt.group())
        if spelt.group(1).lower() == "negative" or not _OPERAND.search(text[max(0, word_at - 30) : word_at]):
            return word_at, True
    return left, negative


def _tail(text: str, value: Fraction, end: int, *, money: bool) -> tuple[Fraction | None, int]:
    """Mixed numbers, fractions, cents, exponents that follow the digits. `money`: a currency's sign stands before."""
    whole = value.denominator == 1
    if whole and (match := _MIXED.match(text, end)):
        top, bottom = int(match.group(1)), int(match.group(2))
        if 0 < top < bottom:
            return value + Fraction(top, bottom), match.end()
    if match := _AND_PART.match(text, end):
        return value + Fraction(_TOPS[match.group(1).lower()], _PARTS[match.group(2).lower()]), match.end()
    if whole and (match := _CENTS.match(text, end)) and (money or match.group("word")):
        cents = cents_of(match.group("cents"))
        if cents is not None:
            return value + Fraction(cents, 100), match.end()
    if match := _OVER.match(text, end):
        below = parse_digits(match.group(1))
        if more := _MORE_OVER.match(text, match.end()):
            return None, more.end()
        if below is None:
            return None, match.end()
        return (value / below if below else None), match.end()
    if match := _E.match(text, end):
        return _times_ten(value, match.group(1)), match.end()
    if match := _POWER_OF_TEN.match(text, end):
        return _times_ten(value, match.group(1) or _lowered(match.group(2))), match.end()
    if match := _CARET.match(text, end):
        return (_times_ten(Fraction(1), match.group(1)) if value == 10 else None), match.end()
    if match := _SUPERSCRIPT.match(text, end):
        return (_times_ten(Fraction(1), _lowered(match.group())) if value == 10 else None), match.end()
    return value, end


def _lowered(superscript: str) -> str:
    return superscript.translate(_LOWERED)


def _times_ten(value: Fraction, exponent: str) -> Fraction | None:
    power = int(exponent)
    return value * Fraction(10) ** power if abs(power) <= MAX_EXPONENT else None


def _scaled(text: str, start: int, end: int, value: Fraction) -> Number:
    """Percent signs and words such as million give a second reading."""
    if match := _PERCENT.match(text, end):
        return Number(start, match.end(), value, (value / 100,))
    if match := _IN_CENTS.match(text, end):
        same = _SAME_IN_DOLLARS.match(text, match.end())
        end = same.end() if same and 100 * Fraction(same.group(1)) == value else match.end()
        return Number(start, end, value, (value / 100,))
    if match := _DOZEN.match(text, end):
        return Number(start, match.end(), value, (value * 12,))
    if match := _SCALE.match(text, end) or _SHORT_SCALE.match(text, end):
        word = match.group(1)
        power = _SCALES.get(word) or _SCALES[word.lower()]
        return Number(start, match.end(), value * 10**power, (value,))
    return Number(start, end, value)


def render(value: Fraction) -> str:
    """A fraction as plain text: `18`, `-2.5`, or `1/3` if no decimal ends."""
    if value.denominator == 1:
        return str(value.numerator)
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > MAX_DIGITS:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).zfill(places + 1)
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"
