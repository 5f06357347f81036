"""The final answer of a solution, as the LaTeX or the words in which it is stated.

Priority, in the first stretch of text that states one before the model asks itself a further problem: the last
`\\boxed{…}`, or Minerva's closing sentence if it comes later; else the last `<answer>…</answer>`, `#### …`,
`the answer is …`, `Answer: …`; else the last formula of the last line. Boxes with nothing between them but a comma, an
`and` or an `or` are one answer that lists them all, so that a row of guesses never passes for its best one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from verifiers.numbers.final_number import MAX_TEXT
from verifiers.numbers.own_problems import before_new_problems, before_own_questions

MAX_ANSWER = 2_000
"""Characters of an answer; a longer one is none."""

_GAP = 40
"""Characters between two boxes of a row."""
_TAIL = 4_000
"""Characters of a line looked at for its last formula."""

_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=[{0-9A-Za-z\\])|\\framebox\s*(?=\{)")
_BETWEEN = re.compile(
    r"(?:[\s$.,;~]|\\[()\[\],;])*+(?:\\text\s*\{)?\s*(?:and|or)?\s*\}?(?:\\[()\[\],;]|[\s$,;~])*"
    r"(?:[A-Za-z](?:_[0-9])?\s?=\s?)?"
)
_MINERVA = re.compile(
    r"final answer is:?[ \t]*(?P<is>[^\n]{1,400}?)[.]?[ \t]*I hope (?:it|this) is correct", re.IGNORECASE
)
_MARKERS = re.compile(
    r"<answer>(?P<tag>[^<]{1,2000}?)</answer>"
    r"|^[ \t]*\#{4,}[ \t]*(?P<hash>[^\n]{1,2000})"
    r"|\banswer[^.:;\n$]{0,60}?\b(?:is|are|equals)\b:?[*_ \t]{0,4}\n?(?P<is>[^\n]{1,2000})"
    r"|\b(?:answer|ans)\b[\"'`*_ \t]{0,6}[:=][*_ \t]{0,4}\n{0,2}(?P<label>[^\n]{1,2000})",
    re.IGNORECASE | re.MULTILINE,
)
_DIGIT = re.compile(r"[0-9]")
_TOKEN = re.compile(r"\\[A-Za-z]+|[0-9.]+|.")
_OPENING = re.compile(r"\$|\\[\[(]")
_DELIMITERS = (("$$", "$$"), ("\\[", "\\]"), ("$", "$"), ("\\(", "\\)"))
_LONGEST = 2_000
"""Characters of a formula."""
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_TUPLE = re.compile(
    r"((?:[(\[](?=[^()\[\]\n$]{1,80},)[^()\[\]\n$]{3,160}[)\]] ?(?:∪|\\cup|U)? ?){1,6})[*_]{0,4}[.!]?[ \t]{0,9}$"
)
_LONG_WORD = re.compile(r"(?<!\\)\b(?!infinity\b|inf\b|sqrt\b)[A-Za-z]{3,}")
_JOINED = re.compile(r"[\s,;]*+(?:and|or)?[\s,;]*")


def boxed(text: str) -> str | None:
    """What the last box says, all of the last row of boxes; None without one. An empty box is an empty answer."""
    spans = _boxes(text)
    if not spans:
        return None
    row = [spans[-1]]
    for before, after in pairwise(reversed(spans)):
        between = text[after[1] : before[0]]
        if len(between) > _GAP or not _BETWEEN.fullmatch(between):
            break
        row.append(after)
    return ", ".join(inside for _, _, inside in reversed(row))


def stated(text: str) -> str | None:
    """The answer in a box or in Minerva's closing sentence; None without either."""
    pieces = _pieces(text)
    for piece in pieces:
        found = _stated(piece)
        if found is not None:
            return found
        if len(pieces) > 1 and (match := next(_MARKERS.finditer(piece), None)) and _DIGIT.search(match[0]):
            return None  # it states an answer without a box before it goes on with another problem
    return None


def said(text: str) -> str | None:
    """The answer in a sentence, a label or the last formula, for a text that has no box."""
    chunks = before_own_questions(_after_thinking(text[-MAX_TEXT:]))
    for piece in _pieces(text):
        matches = list(_MARKERS.finditer(piece))
        if matches:
            return _of_marker(matches[-1])
    lines = chunks[0].strip().splitlines() or [""]
    return (
        _formula(lines[-1]) or _closing_tuple(lines[-1]) or (lines[-1].strip() if len(lines) == 1 else None)
    )


def _pieces(text: str) -> list[str]:
    """The text cut before each problem that the model goes on with."""
    chunks = before_own_questions(_after_thinking(text[-MAX_TEXT:]))
    return [piece for chunk in chunks for piece in before_new_problems(chunk)]


def _closing_tuple(line: str) -> str | None:
    """`So the point is (11/2, 3).`: the tuple or interval that ends a line, with those that it is joined to."""
    found = _TUPLE.search(line[-_TAIL:])
    return None if found is None or _LONG_WORD.search(found.group(1)) else found.group(1)


def formulas(text: str) -> list[str]:
    """All formulas of a text."""
    return [inside for _, _, inside in _formulas(text)]


def _formulas(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, inside) of each."""
    at = 0
    while opening := _OPENING.search(text, at):
        found = _formula_at(text, opening.start())
        if found is not None:
            yield found
        at = found[1] if found is not None else opening.start() + 1


def _formula_at(text: str, at: int) -> tuple[int, int, str] | None:
    for opening, closing in _DELIMITERS:
        begin = at + len(opening)
        if not text.startswith(opening, at) or (opening == "$" and text[at - 1 : at] == "\\"):
            continue
        end = text.find(closing, begin + 1, begin + _LONGEST + len(closing))
        inside = text[begin:end]
        in_a_line = opening in ("$", "\\(")
        if end < 0 or (in_a_line and "\n" in inside):
            continue
        if opening != "$" or ("$" not in inside and not inside.endswith("\\")):
            return at, end + len(closing), inside
    return None


def _stated(text: str) -> str | None:
    sentence = None
    for sentence in _MINERVA.finditer(text):  # noqa: B007 - the last one is meant
        pass
    spans = _boxes(text)
    if sentence and (not spans or sentence.end() > spans[-1][0]):
        inside = boxed(sentence.group("is"))
        return inside if inside is not None else (_formula(sentence.group("is")) or sentence.group("is"))
    return boxed(text) if spans else None


def _boxes(text: str) -> list[tuple[int, int, str]]:
    """(start, end, inside) of each box; a box without its end reaches to the end of its line."""
    spans: list[tuple[int, int, str]] = []
    for match in _BOX.finditer(text):
        if spans and match.start() < spans[-1][1]:  # a box within a box: the inner one says the same
            continue
        end, inside = _braced(text, match.end())
        spans.append((match.start(), end, inside))
    return spans


def _braced(text: str, at: int) -> tuple[int, str]:
    if text[at] != "{":
        token = _TOKEN.match(text, at)
        assert token is not None
        return token.end(), token.group()
    depth = 0
    for index in range(at, min(len(text), at + MAX_ANSWER + 2)):
        escaped = text[index - 1] == "\\" and text[index - 2] != "\\"
        if not escaped:
            depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index + 1, text[at + 1 : index].strip()
    line = text[at + 1 :].partition("\n")[0]
    return at + 1 + len(line), line[: MAX_ANSWER + 1].rstrip(" $.")


def _of_marker(match: re.Match[str]) -> str:
    if whole := match.group("tag") or match.group("hash"):
        return _formula(whole) or whole.strip(" \t*_`.$")
    line = match.group("is") or match.group("label")
    formula = _formula(line)
    if formula and _formula_at(line.lstrip(" \t*_:`"), 0):
        return formula
    end = _SENTENCE_END.search(line)
    sentence = line[: end.start()] if end else line
    return _formula(sentence) or sentence.strip(" \t*_`:$")


def _formula(text: str) -> str | None:
    """The last formula, with those that it is listed with."""
    text = text[-_TAIL:]
    found = list(_formulas(text))
    if not found:
        return None
    row = [found[-1]]
    for formula in reversed(found[:-1]):
        if not _JOINED.fullmatch(text[formula[1] : row[-1][0]]):
            break
        row.append(formula)
    return ", ".join(inside.strip() for _, _, inside in reversed(row))


def _after_thinking(text: str) -> str:
    head, mark, tail = text.rpartition("</think>")
    return tail if mark and head and tail.strip() else text
