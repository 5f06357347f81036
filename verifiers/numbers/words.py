"""Number words, as far as an answer uses them: `eighteen`, `twenty-five`, `three hundred and six`."""

from __future__ import annotations

import re

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_WORD = re.compile(r"[ ,-]*([A-Za-z]+)")
_ARITHMETIC = re.compile(
    r"\b(?:of|more|less|fewer|times|plus|minus|half|halves|thirds?|quarters?|fifths?|point|dozens?|or|to|"
    + "|".join((*_VALUES, *_SCALES))
    + r")\b",
    re.IGNORECASE,
)


def leading_value(text: str) -> int | None:
    """The whole number that the text begins with in words, where nothing after it in the sentence changes it."""
    total, current, seen, at = 0, 0, False, 0
    previous = ""
    while match := _WORD.match(text, at):
        word = match.group(1).lower()
        if word in _VALUES:
            value = _VALUES[word]
            if seen and not _may_add(previous, value):
                return None
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
        return None
    rest = re.split(r"[.!?\n]", text[at:], maxsplit=1)[0][:120]
    return None if _ARITHMETIC.search(rest) else total + current


def _may_add(previous: str, value: int) -> bool:
    """five may follow twenty, hundred or `hundred and`; it may not follow three."""
    if previous in _SCALES or previous == "and":
        return True
    return previous in _TENS and 0 < value < 10
