"""The explicit marks that a model puts before its answer, and the number that each states."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from verifiers.numbers.expression import (
    Readings,
    after_filler,
    begins_with_number,
    linked_to_next,
    spelt,
    value_of,
)
from verifiers.numbers.parse import scan

_SEGMENT = 400
"""Characters looked at after a marker."""
_BOX = 1_000
"""Characters looked at for the end of a \\boxed{…}."""
_UNCLOSED = 120
"""Characters looked at of one that has no end."""
_MARKERS = 60
"""Markers looked at in a text, from its end."""

_MARKER = re.compile(
    r"(?P<hash>\#{4,})"
    r"|\\(?P<box>boxed|fbox)(?![A-Za-z])"
    r"|(?P<tag><answer>)"
    r"|\banswer\b(?P<to>[^.:;=\n?]{0,80}?)\b(?P<is>is|are|was|becomes|equals|comes to|comes out to|would be|will be"
    r"|should be|must be)\b(?!n't)"
    r"|\b(?P<label>(?:final_|correct_)?answer|ans|final result|final total|final value)\b[\"'`*_)} \t]{0,6}[:=]"
    r"|^[#*_> \t]{0,8}(?:the )?(?P<title>(?:final |correct )?answer)[*_]{0,3}[ \t]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)
_MARKER_SIGNS = ("####", "ans", "\\boxed", "\\fbox", "final ")
"""Each marker has one of them …"""
_BEFORE_SIGN = 32
"""… and begins at most so many characters before it."""
_NO_MARKER_BEFORE = re.compile(
    r"(?:check|checking|verify|verifying|double-check|confirm|round|simplify|previous|wrong|incorrect|intermediate"
    r"|if)\W{1,3}(?:\w{1,12}\W{1,3}){0,2}$"
)
"""Of text in lower case: with IGNORECASE it would take five times as long."""
_NO_ANSWER_BETWEEN = re.compile(
    r"\b(?:sum|product|difference|quotient|obtained|found|calculated|computed|determined|derived|given by|by|adding"
    r"|subtracting|multiplying|dividing|rounded"
    r"|(?:more|less|greater|fewer|larger|smaller) than|not|between|if|when|because|since|wrong|incorrect|correct"
    r"|form|format"
    r"|\w+ed by)\b|n't",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=[\s\"')*]|$)|\n")
_CLAUSE_END = re.compile(r"[.;,(](?=\s|$)")
_REASONING_TAIL = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|can|eats?|sells?|buys?|makes?|gets?|needs?|gives?|spends?|costs?|takes?"
    r"|lays?|uses?|then|each of)\b",
    re.IGNORECASE,
)
_LISTING = re.compile(r"([0-9]{1,3})[.):][*_]{0,2}[ \t]+[^\s]")
_ROW_GAP = 300
_ROW_BETWEEN = re.compile(r"(?:[\s$.,;&*|/\u2009(){}\[\]]|\band\b|\bor\b){0,40}", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
_BULLET = re.compile(r"^[ \t]{0,8}[-*•][ \t]+")


def marked(text: str, *, strong: bool) -> Readings | None:
    """The number of the last marker that has one; () without any; None if that marker states something that is not
    one number. Strong markers are all but `Answer:`, which also heads a piece of reasoning."""
    folded = text.casefold()
    if not any(sign in folded for sign in _MARKER_SIGNS):
        return ()
    last_digit = _last_digit(text)
    for match in _from_end(text, folded):
        if strong and (match.group("label") or match.group("title")):
            continue
        found = _at_marker(text, match, last_digit)
        if found is None or found:
            return found
    return ()


def _from_end(text: str, folded: str) -> Iterator[re.Match[str]]:
    """The markers, the last one first. None reaches over a line's end, and most often the last line has one: it is
    looked at by itself."""
    last_line = text.rstrip().rfind("\n") + 1
    found = 0
    for start, end in ((last_line, len(text)), (0, last_line)):
        begin = _begin(text, folded, start, end)
        for match in reversed(deque(_MARKER.finditer(text, begin, end), maxlen=_MARKERS - found)):
            found += 1
            yield match


def _begin(text: str, folded: str, start: int, end: int) -> int:
    """Before which no marker begins: finding a sign is a hundred times as quick as trying the pattern everywhere."""
    if len(folded) != len(text):  # folding only ever lengthens: else all places are the same
        return start
    places = [at for sign in _MARKER_SIGNS if (at := folded.find(sign, start, end)) >= 0]
    return max(start, min(places) - _BEFORE_SIGN) if places else end


def _last_digit(text: str) -> int:
    for at in range(len(text) - 1, -1, -1):
        if text[at].isdigit():
            return at
    return -1


def _at_marker(text: str, match: re.Match[str], last_digit: int) -> Readings | None:
    end = match.end()
    if match.group("hash"):
        return _after_hash(text, end)
    if match.group("box"):
        found = _in_box(text, end)
        return None if found and _is_row(text, match.start(), found) else found
    if match.group("tag"):
        return value_of(text[end : end + _SEGMENT].partition("</answer>")[0].strip())
    if _NO_MARKER_BEFORE.search(text[max(0, match.start() - 40) : match.start()].lower()):
        return ()
    after = _after_is if match.group("is") else _after_label
    return after(text, end, last_digit)


def _segment(text: str, at: int) -> tuple[str, int, bool]:
    """(the rest of the line, or the next line that is not blank; where it ends; whether it is a next line)."""
    window = text[at : at + _SEGMENT]
    lead = len(window) - len(window.lstrip(" \t:*_\n\"'`$[(\\{}"))
    start = window[:lead].rfind("\n") + 1
    line = window[start:].partition("\n")[0]
    end = at + start + len(line)
    return (_BULLET.sub("", line), end, True) if start else (line, end, False)


def _after_hash(text: str, at: int) -> Readings | None:
    """`#### 18`: the number comes first in the line. `#### Step 3` and `#### 1. Eggs` are headings."""
    line, _, _ = _segment(text, at)
    rest = after_filler(line)
    if not begins_with_number(rest):
        return spelt(rest)
    if listing := _LISTING.match(rest):
        place = int(listing.group(1))
        if place == 1 or re.search(rf"#### *{place - 1}[.):]", text[:at]):
            return ()
    return value_of(line)


def _in_box(text: str, at: int) -> Readings | None:
    """The inside of \\boxed{…}, braces matched; without its end, the rest of the line."""
    inside = text[at : at + _BOX].lstrip()
    if not inside.startswith("{"):
        return value_of(inside.partition("\n")[0][:40])
    end = _closing(inside)
    return value_of(inside[1:end].replace("\n", " ") if end else inside[1:_UNCLOSED].partition("\n")[0])


def _closing(text: str) -> int | None:
    """Where the first brace of a text is closed."""
    depth = 0
    for brace in _BRACE.finditer(text):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.start()
    return None


def _is_row(text: str, at: int, found: Readings) -> bool:
    """Whether another box of another value stands before this one, with nothing between but a comma or `and`: a row of
    guesses, which is no answer."""
    before = text[max(0, at - _ROW_GAP) : at]
    start = max(before.rfind("\\boxed"), before.rfind("\\fbox"))
    if start < 0:
        return False
    first = before.find("{", start)
    end = _closing(before[first:]) if first >= 0 else None
    if end is None:
        return False
    other = value_of(before[first + 1 : first + end])
    return bool(_ROW_BETWEEN.fullmatch(before[first + end + 1 :])) and not set(other or ()) & set(found)


def _after_is(text: str, at: int, last_digit: int) -> Readings | None:
    """`the answer is … 18`: the first number of the sentence, unless the words before it say that it is another."""
    line, line_end, _ = _segment(text, at)
    end = _SENTENCE_END.search(line)
    sentence = line[: end.start()] if end else line
    first = next(scan(sentence), None)
    if first is None:
        return spelt(after_filler(sentence))
    if _NO_ANSWER_BETWEEN.search(sentence[: first.start]):
        return ()
    found = value_of(sentence)
    return () if found is None and last_digit >= line_end else found


def _after_label(text: str, at: int, last_digit: int) -> Readings | None:
    """`Answer: 18`: the number first, and no sentence of reasoning after it; or a lone number in the last line."""
    line, end, is_next = _segment(text, at)
    rest = after_filler(line)
    numbers = list(scan(line))
    final = last_digit < end
    if not numbers:
        return spelt(rest)
    if not begins_with_number(rest):
        return numbers[0].readings if final and len({number.value for number in numbers}) == 1 else ()
    if is_next and _LISTING.match(rest):
        return ()
    tail = _CLAUSE_END.split(line[numbers[0].end :], maxsplit=1)[0]
    reasoning = _REASONING_TAIL.search(tail) or linked_to_next(line, numbers, 0)
    return () if reasoning and not final else value_of(line)
