"""What follows a number without changing it: units, which are dropped; and the words that are none."""

from __future__ import annotations

import re

_UNIT = re.compile(
    r"(?<=[0-9)}\]A-Za-z%])\s{0,9}(?:\\text\{(?P<text>[^{}\\$]{1,60})\}"
    r"|(?P<plain>(?<=[0-9)}\]])\s{1,9}[A-Za-z][A-Za-z .-]{1,60}))"
    r"\s{0,9}(?:\^\s{0,3}\{?\s{0,3}-?[0-9]\s{0,3}\}?)?\s{0,9}(?:/\s{0,3}\\?[A-Za-z{}]{1,30}(?:\^\{?[0-9]\}?)?)?\s{0,9}\.?$"
)
_GLUED = re.compile(
    r"(?<=[0-9)}\]])(?:[cmk]m|[mk]g|mL|ml|ft|yd|lbs?|oz|mph|kph|km/h|m/s|hrs?|mins?|secs?|sq)(?:\^\{?[23]\}?)?\.?$"
)
"""Abbreviations that mean nothing in a formula."""
_OVER = re.compile(
    r"\\frac\s?\{\s?\\text\{([A-Za-z ]{1,20})\}\s?\}\s?\{\s?\\text\{([A-Za-z ]{1,20})\}\s?\}(?=\s{0,9}\.?$)"
)
"""A unit such as km/h."""
_FORMULA_WORD = re.compile(
    r"\b(?:and|or|if|for|when|where|mod|base|pm|sin|cos|tan|log|ln|pi|sqrt|[a-z])\b", re.IGNORECASE
)
_CONDITION = re.compile(r"\b(?:if|for|when|where|mod|base|and|or)\b")
_CHANGES = re.compile(
    r"\b(?:less|more|fewer|greater|larger|smaller|bigger|than|times|twice|thrice|minus|plus|half|halves|double|triple"
    r"|squared|cubed|factorial|hundred|thousand|million|billion|trillion|dozen|score|sum|difference|product|quotient"
    r"|not|except|without|at least|at most|over|divided|multiplied|negative|root)\b",
    re.IGNORECASE,
)
"""Words that make another number, or another statement, of the number before them."""
_MEASURE_FIRST = re.compile(r"^[^A-Za-z]{0,9}[A-Za-z.]{1,20}\s+(?:squared|cubed)\b")
"""`cm squared` is a unit; `5 squared` is not."""
_OPPOSITES = tuple(
    frozenset(pair.split())
    for pair in (
        "am pm", "left right", "up down", "north south", "east west", "above below", "over under",
        "before after", "clockwise counterclockwise", "clockwise anticlockwise", "bc ad", "bce ce", "gain loss",
        "profit loss", "increase decrease", "increased decreased", "rise fall", "ahead behind", "faster slower",
        "older younger", "inside outside", "forward backward", "forwards backwards", "odd even", "heads tails",
        "win lose", "wins losses", "celsius fahrenheit", "positive negative", "earlier later", "taller shorter",
        "deposit withdrawal", "won lost", "more less", "more fewer", "max min", "maximum minimum", "boys girls",
        "men women", "north east", "north west", "south east", "south west", "first last", "minutes hours",
        "minutes seconds", "hours days", "early late", "deep high", "credit debit", "credits debits",
        "morning evening", "morning afternoon", "morning night", "am evening", "am afternoon", "am night", "pm morning",
        "noon midnight", "gained lost", "credited debited",
    )
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+")
_AM_PM = re.compile(r"\b([ap])\.?\s?m\b\.?", re.IGNORECASE)
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|textrm|textit)\s?\{([^{}]{0,80})\}")
_PLAIN_TAIL = re.compile(r"[0-9)}\]]\s{0,9}([A-Za-z][A-Za-z .-]{1,60})$")


def without_unit(text: str) -> str:
    """Without the unit that a number ends in: `5\\text{ cm}^2`, `12 square units`."""
    text = _OVER.sub(r"\\text{\1/\2}", text)
    if glued := _GLUED.search(text):
        return text[: glued.start()]
    match = _UNIT.search(text)
    if match is None or not match.start():
        return text
    unit = match.group("text") or match.group("plain")
    if _CHANGES.search(unit) and not _MEASURE_FIRST.search(unit):
        return text
    if match.group("plain") and _FORMULA_WORD.search(unit) and not _AM_PM.search(unit):
        return text
    if match.group("text") and _CONDITION.search(unit):
        return text
    return text[: match.start()].rstrip(" .,")


def are_opposite(gold: str, answer: str) -> bool:
    """Whether the words of two answers as written say opposite things: `8\\text{ a.m.}` and `8\\text{ p.m.}`."""
    mine, theirs = _words(gold), _words(answer)
    if not mine or not theirs:
        return False
    return any((pair & mine) and (pair & theirs) and not (pair & mine & theirs) for pair in _OPPOSITES)


def _words(latex: str) -> set[str]:
    said = " ".join(_TEXT.findall(latex)) or " ".join(_PLAIN_TAIL.findall(latex.strip(" .$")))
    return {word.lower() for word in _WORD.findall(_AM_PM.sub(r" \1m ", said))}
