"""Number words, as far as an answer uses them: `eighteen`, `three hundred and six`, `two thirds`, `two and a half`."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fifteenth": 15, "sixteenth": 16,
    "twentieth": 20, "thirtieth": 30, "fiftieth": 50, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_WORD = re.compile(r"[ ,-]{0,9}([A-Za-z]+)")
_OF_UNIT = re.compile(
    rf"[ ,-]{{0,9}}(?:an?|one)[ ](?!hundred|thousand|million|dozen|half|quarter)[a-z]{{3,12}}[ ]and[ ]"
    rf"(?:an?|one)[ -]({'|'.join(_PARTS)})\b",
    re.IGNORECASE,
)
"""`an hour and a half`: one and a half."""
_POINT = re.compile(rf"[ ]point((?:[ -](?:{'|'.join(_UNITS[:10])}))+)\b", re.IGNORECASE)
_OUT_OF = re.compile(r"[ ]out[ ]of[ ]", re.IGNORECASE)
_BELOW_ZERO = re.compile(r"[^.!?;,0-9]{0,40}\bbelow (?:zero|0)\b", re.IGNORECASE)
_NEGATIVE = re.compile(r"[ ,]{0,9}(?:negative|minus)[ ](?!negative|minus)", re.IGNORECASE)
_SIGN_BEFORE = re.compile(r"\b(?:negative|minus|an?)[ ]$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?\n]")
_WORD_START = re.compile(r"\b[A-Za-z]")
_PART = re.compile(rf"[ -](?:an?[ -])?({'|'.join(_PARTS)})s?\b", re.IGNORECASE)
_HALF_ALONE = re.compile(rf"[ ,-]{{0,9}}(?:an?[ -])?({'|'.join(_PARTS)})\b", re.IGNORECASE)
_AND_PART = re.compile(
    rf"[ -]and[ -](?:(an?|{'|'.join(_UNITS[1:10])})[ -])?({'|'.join(_PARTS)})s?\b", re.IGNORECASE
)
_DOZENS = re.compile(rf"[ ,-]{{0,9}}(an?|half a|{'|'.join(_UNITS[1:13])}|twenty)[ -]dozens?\b", re.IGNORECASE)
_PHRASE = re.compile(
    rf"\b(?:an? )?(?:half|quarter|{'|'.join(_VALUES)})\b"
    rf"(?:[ -](?:and )?(?:an? )?(?:{'|'.join((*_VALUES, *_SCALES, *_PARTS))})s?\b)*(?:[ ]dozens?\b)?",
    re.IGNORECASE,
)
_DOLLARS_AND_CENTS = re.compile(
    r"[ ,-]{0,9}(an?|[a-z]+(?:[ -][a-z]+){0,4}?)[ ](?:dollars?|euros?|pounds?|bucks?),?(?:[ ]and)?[ ]"
    r"([0-9]{1,2}|[a-z]+(?:[ -][a-z]+)?)[ ](?:cents?|pence)\b",
    re.IGNORECASE,
)
_CENTS = re.compile(r"[ ](?:cents?|pence)\b", re.IGNORECASE)
_ARITHMETIC = re.compile(
    r"\b(?:of|more|less|fewer|times|plus|minus|half|halves|thirds?|quarters?|fifths?|point|dozens?|or|to|"
    + "|".join((*_VALUES, *_SCALES))
    + r")\b",
    re.IGNORECASE,
)
_MORE_NUMBERS = re.compile(r"[0-9]|" + _ARITHMETIC.pattern.replace("of|", "", 1), re.IGNORECASE)


def leading_values(text: str) -> tuple[Fraction, ...]:
    """The readings of the number that the text begins with in words, if nothing after it in the sentence changes it:
    `fifty cents` is 50 or, in dollars, 0.5."""
    if negative := _NEGATIVE.match(text):
        return tuple(-value for value in leading_values(text[negative.end() :]))
    if (dozens := _DOZENS.match(text)) is not None:
        value = 12 * _dozens(dozens.group(1))
        return () if _MORE_NUMBERS.search(_rest(text, dozens.end())) else (value,)
    if (money := dollars_and_cents(text)) is not None:
        return (money,)
    if (unit := _OF_UNIT.match(text)) is not None:
        value = 1 + Fraction(1, _PARTS[unit.group(1).lower()])
        return () if _MORE_NUMBERS.search(_rest(text, unit.end())) else (value,)
    whole, end = _leading_whole(text)
    if whole is not None and _BELOW_ZERO.match(text, end):
        return (Fraction(-whole),)
    value = leading_value(text)
    if value is not None and _CENTS.match(text, _leading_whole(text)[1]):
        return value, value / 100
    return () if value is None else (value,)


def closing_value(line: str) -> tuple[Fraction, ...]:
    """The last number of a line in words: `So he is twenty-five.` A lone `one` is most often a pronoun."""
    if "cent" in line:
        for word in _WORD_START.finditer(line):
            if (money := dollars_and_cents(line[word.start() :])) is not None:
                return (money,)
    for phrase in reversed(list(_PHRASE.finditer(line))):
        begin = phrase.start()
        if line[:begin].lower().endswith("below "):
            continue
        if sign := _SIGN_BEFORE.search(line[max(0, begin - 10) : begin]):
            begin -= len(sign.group())
        if phrase.group().lower() != "one" and (found := leading_values(line[begin:])):
            return found
    return ()


def dollars_and_cents(text: str) -> Fraction | None:
    """`two dollars and 25 cents`, of which the dollars are in words."""
    money = _DOLLARS_AND_CENTS.match(text)
    if money is None:
        return None
    dollars, cents = _one(money.group(1)), cents_of(money.group(2))
    return None if dollars is None or cents is None else dollars + Fraction(cents, 100)


def cents_of(text: str) -> int | None:
    """A number below 100 in digits or in words."""
    if text.isdecimal():
        return int(text)
    value, end = _leading_whole(text)
    return value if value is not None and value < 100 and end == len(text) else None


def _dozens(word: str) -> Fraction:
    if (word := word.lower()) in ("a", "an"):
        return Fraction(1)
    return Fraction(1, 2) if word.startswith("half") else Fraction(_VALUES[word])


def _one(word: str) -> Fraction | None:
    if word.lower() in ("a", "an"):
        return Fraction(1)
    value, end = _leading_whole(word)
    return None if value is None or end != len(word) else Fraction(value)


def leading_value(text: str) -> Fraction | None:
    """The number that the text begins with in words, if nothing after it in the sentence changes it."""
    value, at = _leading_whole(text)
    if value is None:
        alone = _HALF_ALONE.match(text)
        return _unless(alone is not None and Fraction(1, _PARTS[alone.group(1).lower()]), text, alone)
    if part := _AND_PART.match(text, at):
        word = (part.group(1) or "a").lower()
        top = 1 if word in ("a", "an") else _VALUES[word]
        return _unless(value + Fraction(top, _PARTS[part.group(2).lower()]), text, part)
    if (point := _POINT.match(text, at)) is not None:
        digits = "".join(str(_VALUES[word.lower()]) for word in _WORD.findall(point.group(1)))
        return _unless(value + Fraction(int(digits), 10 ** len(digits)), text, point)
    if (part := _PART.match(text, at)) and value < 1000:
        return _unless(Fraction(value, _PARTS[part.group(1).lower()]), text, part)
    if _OUT_OF.match(text, at):
        return Fraction(value)
    return None if _ARITHMETIC.search(_rest(text, at)) else Fraction(value)


def _leading_whole(text: str) -> tuple[int | None, int]:
    """(the whole number in words, where it ends); None if there is none, or no one number."""
    total, current, seen, at = 0, 0, False, 0
    previous = ""
    while match := _WORD.match(text, at):
        word = match.group(1).lower()
        if word in _VALUES:
            value = _VALUES[word]
            if seen and not _may_add(previous, value):
                return 0, 0  # what follows is read as arithmetic
            current += value
        elif word in _SCALES and seen:
            if word == "hundred":
                current *= 100
            else:
                total, current = total + current * _SCALES[word], 0
        elif not (word == "and" and previous in _SCALES):
            break
        seen, previous, at = True, word, match.end()
    if not seen or previous == "and":
        return None, 0
    return total + current, at


def _unless(value: Fraction | bool, text: str, match: re.Match[str] | None) -> Fraction | None:
    """The value, unless another number follows in the sentence: `half of 10`, `one half plus one`."""
    if match is None or isinstance(value, bool):
        return None
    return None if _MORE_NUMBERS.search(_rest(text, match.end())) else value


def _rest(text: str, at: int) -> str:
    """Of the sentence."""
    return _SENTENCE_END.split(text[at:], maxsplit=1)[0][:120]


def _may_add(previous: str, value: int) -> bool:
    """five may follow twenty, hundred or `hundred and`; it may not follow three."""
    if previous in _SCALES or previous == "and":
        return True
    return previous in _TENS and 0 < value < 10
