"""The final number of a model's answer.

Priority: the last explicit marker that has a number (`#### 18`, `\\boxed{18}`, `<answer>18</answer>`, `the answer is
18`, `Answer: 18`), else the last bold number of the last line that has a number, else the last number of the text.

What is known to go wrong with "the last number" and is kept out here: calculator annotations, operands (`18 (9 × 2)`),
list and step numbers (`1. …`, `#### Step 3`), dates, times, ratios, ranges, unit exponents, the questions that a base
model goes on to ask itself after its answer, and reasoning before `</think>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from verifiers.cleaning import clean, without_bold
from verifiers.number import Number, scan
from verifiers.words import leading_value

MAX_TEXT = 65_536
"""Characters looked at, from the end: the final answer is there."""
_SEGMENT = 400
"""Characters looked at after a marker."""
_BOX = 1_000
"""Characters looked at for the end of a \\boxed{…}."""

Readings = tuple[Fraction, ...]
"""The readings of one number, the plainest first."""

_CUT = re.compile(
    r"^[#* >]{0,6}(?:Question|Q|Problem|Exercise|Human|User|Instruction)(?: ?#?[0-9]{1,4})?[* ]{0,3}:"
    r"|<\|?(?:im_end|im_start|eot_id|end|endoftext|end_of_text|user|start_header_id)\|?>|</s>|<end_of_turn>|<eos>"
    r"|\[/?INST\]",
    re.MULTILINE,
)
_MARKER = re.compile(
    r"(?P<hash>\#{4,})"
    r"|\\(?P<box>boxed|fbox)(?![A-Za-z])"
    r"|(?P<tag><answer>)"
    r"|\banswer\b(?P<to>[^.:;=\n?]{0,80}?)\b(?P<is>is|are|was|becomes|equals|comes to|comes out to|would be|will be"
    r"|should be|must be)\b(?!n't)"
    r"|\b(?P<label>answer|ans|final result|final total|final value)\b[\"'`*_) \t]{0,6}[:=]"
    r"|^[#*_> \t]{0,8}(?:the )?(?P<title>(?:final |correct )?answer)[*_]{0,3}[ \t]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)
_NO_MARKER_BEFORE = re.compile(
    r"(?:check|checking|verify|verifying|double-check|confirm|round|simplify|previous|wrong|incorrect|intermediate"
    r"|if)\W{1,3}(?:\w{1,12}\W{1,3}){0,2}$",
    re.IGNORECASE,
)
_NO_ANSWER_BETWEEN = re.compile(
    r"\b(?:sum|product|difference|quotient|obtained|found|calculated|computed|determined|derived|given by|by|adding"
    r"|subtracting|multiplying|dividing|rounded|not|between|if|when|because|since|wrong|incorrect|correct|form|format"
    r"|\w+ed by)\b|n't",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=[\s\"')*]|$)|\n")
_FILLER = re.compile(
    r"(?:[\s\"'`*_({\[|~≈=:>$£€¥₹\\-]|approximately\b|about\b|around\b|roughly\b|exactly\b|only\b|just\b|simply\b"
    r"|is\b|a total of\b|therefore\b|thus\b|so\b|[A-Za-z](?:_\w{1,9})? ?=|boxed\b|fbox\b|final\b|the\b|answer\b)*",
    re.IGNORECASE,
)
_BLANK_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?: [0-9]{3})+(?![0-9/]| ?/)")
_OPERATOR_GAP = re.compile(
    r"[ \u2009]?(?:[$£€%°)}\]]|[A-Za-z.]{1,20}){0,1}(?:[ \u2009]+[A-Za-z]{1,20}){0,2}[ \u2009)}$£€%]*"
    r"(?:[-+×·÷*/^±]|\*\*|\b[xX]\b|\bplus\b|\bminus\b|\btimes\b|\bdivided by\b|\bmultiplied by\b)"
    r"[ \u2009({$£€]*"
)
_EQUALS_GAP = re.compile(r"[^,;:(\n=≈]{0,60}[=≈][^,;\n]{0,40}")
_STOPS_CHAIN = re.compile(
    r"\b(?:because|since|as|so|and|where|which|with|from|but|if)\b|[.!?](?=\s)", re.IGNORECASE
)
_RANGE_GAP = re.compile(r"[ ]?(?:-|to|or|and)[ ]?[$£€]?")
_INDEX = re.compile(r"[ \t>#*_-]{0,12}\(?[0-9]{1,3}[.)][*_]{0,2}[ \t]+(?=[^\s])")
_LABELLED = re.compile(
    r"\b(?:step|question|problem|example|equation|eq\.|method|option|exercise|figure|section|approach|case)[ ]?[#(]?$",
    re.IGNORECASE,
)
_REASONING_TAIL = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|can|eats?|sells?|buys?|makes?|gets?|needs?|gives?|spends?|costs?|takes?"
    r"|lays?|uses?|then|each of)\b",
    re.IGNORECASE,
)
_BOLD_SPAN = re.compile(r"\*\*([^*\n]{1,80})\*\*")
_LISTING = re.compile(r"[0-9]{1,3}[.):][*_]{0,2}[ \t]+[A-Za-z]")


def final_number(text: str) -> Readings:
    """The readings of the answer's final number, () where there is none. Linear in at most MAX_TEXT characters."""
    with_bold = clean(_after_thinking(text[-MAX_TEXT:]))
    chunks = _chunks(with_bold)
    for chunk in chunks:
        if len(chunks) > 1 and (found := _marked(without_bold(chunk), strong=True)):
            return found
    plain = without_bold(with_bold)
    return _marked(plain, strong=False) or _last(chunks[0]) or _last(with_bold)


def marked_number(text: str) -> Readings:
    """The number of the last explicit marker, () where there is none."""
    return _marked(without_bold(clean(text[-MAX_TEXT:])), strong=False)


def _after_thinking(text: str) -> str:
    """What follows the last </think>, where it holds a digit at all."""
    head, mark, tail = text.rpartition("</think>")
    return tail if mark and head and any(char.isdigit() for char in tail) else text


def _chunks(text: str) -> list[str]:
    """The text cut before each question that the model asks itself."""
    starts = [0, *(match.start() for match in _CUT.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(starts)]


def _marked(text: str, *, strong: bool) -> Readings:
    """The last marker with a number. Strong markers are all but `Answer:`, which also heads a piece of reasoning."""
    last_digit = max((match.start() for match in re.finditer(r"[0-9]", text)), default=-1)
    for match in reversed(list(_MARKER.finditer(text))):
        if strong and (match.group("label") or match.group("title")):
            continue
        if found := _at_marker(text, match, last_digit):
            return found
    return ()


def _at_marker(text: str, match: re.Match[str], last_digit: int) -> Readings:
    end = match.end()
    if match.group("hash"):
        return _after_hash(text, end)
    if match.group("box"):
        return _in_box(text, end)
    if match.group("tag"):
        return _value_of(text[end : end + _SEGMENT].partition("</answer>")[0].strip())
    if _NO_MARKER_BEFORE.search(text[max(0, match.start() - 40) : match.start()]):
        return ()
    if match.group("is"):
        return _after_is(text, end)
    return _after_label(text, end, last_digit)


def _segment(text: str, at: int) -> tuple[str, int]:
    """(the rest of the line, or the next line that is not blank; where it ends)."""
    window = text[at : at + _SEGMENT]
    lead = len(window) - len(window.lstrip(" \t:*_\n\"'`$[(\\{"))
    blank = window[:lead].rpartition("\n")[0]
    start = len(blank) + 1 if blank or window[:lead].startswith("\n") else 0
    line = window[start:].partition("\n")[0]
    return line, at + start + len(line)


def _after_hash(text: str, at: int) -> Readings:
    """`#### 18`: the number comes first in the line. `#### Step 3` and `#### 1. Eggs` are headings."""
    line, _ = _segment(text, at)
    filler = _FILLER.match(line)
    assert filler is not None
    rest = line[filler.end() :]
    if _begins_with_number(rest):
        return _value_of(line)
    return _spelt(rest)


def _begins_with_number(rest: str) -> bool:
    """A number, but not that of a heading such as `1. Find the eggs`."""
    digit_first = rest[:1].isdigit() or (rest[:1] == "." and rest[1:2].isdigit())
    return digit_first and not _LISTING.match(rest)


def _in_box(text: str, at: int) -> Readings:
    """The inside of \\boxed{…}, braces matched; without its end, the rest of the line."""
    window = text[at : at + _BOX]
    inside = window.lstrip()
    if not inside.startswith("{"):
        return _value_of(inside.partition("\n")[0][:40])
    depth = 0
    for index, char in enumerate(inside):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return _value_of(inside[1:index].replace("\n", " "))
    return _value_of(inside[1:].partition("\n")[0])


def _after_is(text: str, at: int) -> Readings:
    """`the answer is … 18`: the first number of the sentence, unless the words before it say that it is another."""
    line, _ = _segment(text, at)
    end = _SENTENCE_END.search(line)
    sentence = line[: end.start()] if end else line
    first = next(scan(sentence), None)
    if first is None:
        filler = _FILLER.match(sentence)
        assert filler is not None
        return _spelt(sentence[filler.end() :])
    if _NO_ANSWER_BETWEEN.search(sentence[: max(first.start, 0)]):
        return ()
    return _value_of(sentence)


def _after_label(text: str, at: int, last_digit: int) -> Readings:
    """`Answer: 18`: the number first, and no sentence of reasoning after it; or a lone number in the last line."""
    line, end = _segment(text, at)
    filler = _FILLER.match(line)
    assert filler is not None
    rest = line[filler.end() :]
    numbers = list(scan(line))
    final = last_digit < end
    if not numbers:
        return _spelt(rest)
    if _begins_with_number(rest):
        tail = re.split(r"[.;,(](?=\s|$)", line[numbers[0].end :], maxsplit=1)[0]
        plain = not _REASONING_TAIL.search(tail) and not _linked_to_next(line, numbers, 0)
        return _value_of(line) if plain or final else ()
    if final and len({number.value for number in numbers}) == 1:
        return numbers[0].readings
    return ()


def _spelt(text: str) -> Readings:
    value = leading_value(text[:_SEGMENT])
    return () if value is None else (Fraction(value),)


def _value_of(line: str) -> Readings:
    """The value of a short text that states an answer: its first number, or where that begins an equation, what the
    equation comes to. () for an expression that is not worked out, and for a range."""
    line = _join_blank_groups(line)
    line = re.sub(r"^([\s$({]*)- (?=[$0-9])", r"\1-", line)  # "#### - 5"
    numbers = list(scan(line))
    if not numbers:
        filler = _FILLER.match(line)
        assert filler is not None
        return _spelt(line[filler.end() :])
    at = 0
    while at + 1 < len(numbers):
        if _linked_to_next(line, numbers, at):
            at += 1
            if _equation_goes_on(line, numbers, at):
                continue
            if at + 1 < len(numbers) and _linked_to_next(line, numbers, at):
                continue
            return ()
        if not _equation_goes_on(line, numbers, at):
            break
        at += 1
    else:
        return numbers[at].readings
    return () if at == 0 and _is_range(line, numbers) else numbers[at].readings


def _join_blank_groups(line: str) -> str:
    """`1 234` is one number where it is the first of an answer."""
    digit = re.search(r"[0-9]", line)
    if digit and (match := _BLANK_GROUPS.match(line, digit.start())):
        return line[: match.start()] + match.group().replace(" ", "\u2009") + line[match.end() :]
    return line


def _gap(line: str, numbers: Sequence[Number], at: int) -> str:
    return line[numbers[at].end : numbers[at + 1].start]


def _linked_to_next(line: str, numbers: Sequence[Number], at: int) -> bool:
    """An operator stands between this number and the next."""
    if at + 1 >= len(numbers):
        return False
    gap = _gap(line, numbers, at)
    if not gap.strip() and line[numbers[at + 1].start] in "+-":
        return True
    return len(gap) <= 60 and _OPERATOR_GAP.fullmatch(gap) is not None


def _equation_goes_on(line: str, numbers: Sequence[Number], at: int) -> bool:
    """An equals sign leads from this number to the next."""
    if at + 1 >= len(numbers):
        return False
    gap = _gap(line, numbers, at)
    return len(gap) <= 101 and _EQUALS_GAP.fullmatch(gap) is not None and not _STOPS_CHAIN.search(gap)


def _is_range(line: str, numbers: Sequence[Number]) -> bool:
    return _RANGE_GAP.fullmatch(_gap(line, numbers, 0)) is not None


def _last(text: str) -> Readings:
    """The last number of the text that is no operand, index or label; in its line, a bold number goes first."""
    for line in reversed(text.split("\n")):
        if not any(char.isdigit() for char in line):
            continue
        for bold in reversed(_BOLD_SPAN.findall(line)):
            filler = _FILLER.match(bold)
            starts = filler is not None and bold[filler.end() : filler.end() + 1].isdigit()
            if starts and not _INDEX.match(f"{bold} x") and (found := _value_of(bold)):
                return found
        if found := _last_of_line(without_bold(line)):
            return found
    return ()


def _last_of_line(line: str) -> Readings:
    index = _INDEX.match(line)
    numbers = [number for number in scan(line) if not index or number.end > index.end()]
    at = len(numbers) - 1
    while at >= 0:
        first = at
        while first > 0 and _linked_to_next(line, numbers, first - 1):
            first -= 1
        number = numbers[at]
        if first == at and number.value is not None and not _LABELLED.search(line[: number.start]):
            return number.readings
        at = first - 1
    return ()
