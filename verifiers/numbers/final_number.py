"""The final number of a model's answer.

Priority: the last explicit marker that has a number (`#### 18`, `\\boxed{18}`, `<answer>18</answer>`, `the answer is
18`, `Answer: 18`). Without one, the last line that has a number decides: its last bold number, else what its last
equation comes to, else its last number. A marker with something that is not one number (`\\boxed{9 \\times 2}`,
`#### 10-20`, `the answer is 18 or 20`) means that there is no answer: nothing is worked out and nothing is chosen.

What is known to go wrong with "the last number" and is kept out here: calculator annotations, operands (`18 (9 × 2)`),
list and step numbers (`1. …`, `#### Step 3`), dates, times, ratios, ranges, unit exponents, the questions that a base
model goes on to ask itself after its answer, and reasoning before `</think>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from verifiers.numbers.expression import Readings, after_filler, equation_goes_on, linked_to_next, value_of
from verifiers.numbers.markers import marked
from verifiers.numbers.parse import Number, scan
from verifiers.numbers.plain_text import clean, without_bold
from verifiers.numbers.words import dollars_and_cents

MAX_TEXT = 65_536
"""Characters looked at, from the end: the final answer is there."""

_CUT_WORDS = ("Q", "Problem", "Exercise", "Example", "Human", "User", "Instruction")
_CUT = re.compile(
    r"^[#* >]{0,6}(?:Question|Q|Problem|Exercise|Human|User|Instruction)(?: ?#?[0-9]{1,4})?[* ]{0,3}:"
    r"|^[#* >]{0,6}(?:Question|Problem|Exercise|Example) ?#?[0-9]{1,4}[* ]{0,3}[:.]?[ ]{0,3}$"
    r"|<\|?(?:im_end|im_start|eot_id|end|endoftext|end_of_text|user|start_header_id)\|?>|</s>|<end_of_turn>|<eos>"
    r"|\[/?INST\]",
    re.MULTILINE,
)
_INDEX = re.compile(r"[ \t>#*_-]{0,12}\(?[0-9]{1,3}[.)][*_]{0,2}[ \t]+(?=[^\s])")
_LABELLED = re.compile(
    r"\b(?:step|question|problem|example|equation|eq\.|method|option|exercise|figure|section|approach|case)[ ]?[#(]?$",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"[ ](?:more|other|last|final|quick|small)[ ](?:thing|question|note|remark|tip|comment|point)\b",
    re.IGNORECASE,
)
"""What follows the number in `1 more thing`, which is none of the answer."""
_ANOTHER_CLAUSE = re.compile(
    r"[.;!?](?=\s)|,|\b(?:is|are|was|gives?|giving|leaves?|leaving|makes?|so|then|which|plus|minus|but|or)\b",
    re.IGNORECASE,
)
_PROBLEM, _QUESTION = 1_000, 240
"""Characters of a problem's line, and of its question, that are looked at."""
_ASKED = re.compile(
    r"(?:[.!;,][ ](?:[^.!?]{1,120}[ ,])?|^(?=[^\n]*[0-9]))(?:how|what|which|when|who|where)\b"
    r"|\b(?:how (?:many|much|long|far|old|tall|fast|often)|what (?:is|was|are|will|would|fraction|percent(?:age)?))\b",
    re.IGNORECASE,
)
_OF_ITSELF = re.compile(
    r"[*_> ]{0,4}(?:wait|hmm+|hm|but|so|let|actually|no|oh|oops|is|did|does|are|have|check|double|now|really|right"
    r"|would|should|could|can|do|any|anything|ok|okay|well|sorry|if you|want)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"(?:^|(?<=[.!?)*]))[ \t>*_]{0,6}(?:i hope|hope (?:this|that|it)|feel free|let me know"
    r"|please (?:let me|feel|ask|note)"
    r"|if you (?:have|need|want|would|'d)|do(?:n't| not) hesitate|i(?:'m| am) (?:happy|glad|here)|happy to"
    r"|thanks?\b|thank you"
    r"|good luck|have a (?:nice|great|good)|is there anything|would you like|any (?:other |more |further )?questions"
    r"|you're welcome|keep (?:it up|practicing))[^\n]{0,300}$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[0-9]+")
_WORD_START = re.compile(r"\b[A-Za-z]")
_MOST_NUMBERS, _TAIL = 200, 600
"""Of a line with more numbers than any answer has only so many characters at its end are read."""
_BOLD_SPAN = re.compile(r"\*\*([^*\n]{1,80})\*\*")


def final_number(text: str) -> Readings:
    """The readings of the answer's final number, () if there is none. Linear in at most MAX_TEXT characters."""
    with_bold = clean(_after_thinking(text[-MAX_TEXT:]))
    chunks = before_own_questions(with_bold)
    runs = [run for chunk in chunks for run in _before_new_problems(chunk)]
    for chunk in runs:
        if len(runs) > 1 and (found := marked(without_bold(chunk), strong=True)):
            return found
    found = marked(without_bold(with_bold), strong=False)
    if found is None:
        return ()
    return found or _last(chunks[0]) or (_last(with_bold) if len(chunks) > 1 else ()) or _in_words(chunks[0])


def marked_number(text: str) -> Readings:
    """The number of the last explicit marker, () if there is none."""
    return marked(without_bold(clean(text[-MAX_TEXT:])), strong=False) or ()


def _after_thinking(text: str) -> str:
    """What follows the last </think>, if it holds a digit at all."""
    head, mark, tail = text.rpartition("</think>")
    return tail if mark and head and any(char.isdigit() for char in tail) else text


def before_own_questions(text: str) -> list[str]:
    """The text cut before each question that the model asks itself."""
    if not ("<" in text or "[" in text or any(word in text for word in _CUT_WORDS)):
        return [text]
    starts = [0, *(match.start() for match in _CUT.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(starts)]


def _before_new_problems(text: str) -> list[str]:
    """The text cut before each paragraph that puts a problem of its own: `Tom has 3 cats. How many has he?` A question
    that the model asks of its own work (`Wait, is that right?`) is none."""
    if "?" not in text:
        return [text]
    runs: list[str] = []
    start = at = 0
    while (at := text.find("\n\n", at)) >= 0:
        at += 2
        line = text[at : at + _PROBLEM].lstrip("\n").partition("\n")[0].rstrip()
        if line.endswith("?") and _ASKED.search(line[-_QUESTION:]) and not _OF_ITSELF.match(line):
            runs.append(text[start:at])
            start = at
    return [*runs, text[start:]]


def _last(text: str) -> Readings:
    """The number of the last line that has one, polite closing words aside."""
    for whole in reversed(text.split("\n")):
        line = whole
        if (polite := _POLITE.search(line)) is not None:
            line = line[: polite.start()]
        if not any(char.isdigit() for char in line):
            continue
        if found := _last_bold(line) or _last_of_line(without_bold(line)):
            return found
    return ()


def _in_words(text: str) -> Readings:
    """`She pays one dollar and fifty cents.`: the only amount in words that needs no marker."""
    line = text.rstrip().rpartition("\n")[2][-_QUESTION:]
    if "cent" not in line:
        return ()
    for word in _WORD_START.finditer(line):
        if (value := dollars_and_cents(line[word.start() :])) is not None:
            return (value,)
    return ()


def _last_bold(line: str) -> Readings:
    """`**$18** from her 9 eggs`: bold text that begins with a number, but is no index (`**3.** Done`)."""
    for bold in reversed(_BOLD_SPAN.findall(line)):
        if after_filler(bold)[:1].isdigit() and not _INDEX.match(f"{bold} x") and (found := value_of(bold)):
            return found
    return ()


def _last_of_line(line: str) -> Readings:
    """The last number that is no operand, index or label, unless an equation closes the line."""
    if len(line) > _TAIL and len(_DIGITS.findall(line)) > _MOST_NUMBERS:
        line = line[-_TAIL:].partition(" ")[2] or line[-_TAIL:]
    index = _INDEX.match(line)
    numbers = [number for number in scan(line) if not index or number.end > index.end()]
    if found := _of_closing_equation(line, numbers):
        return found
    at = len(numbers) - 1
    while at >= 0:
        first = at
        while first > 0 and linked_to_next(line, numbers, first - 1):
            first -= 1
        number = numbers[at]
        labelled = _LABELLED.search(line[max(0, number.start - 24) : number.start])
        aside = number.value == 1 and _ASIDE.match(line, number.end)
        if first == at and number.value is not None and not labelled and not aside:
            return number.readings
        at = first - 1
    return ()


def _of_closing_equation(line: str, numbers: Sequence[Number]) -> Readings:
    """`9 + 6 = 15 liters out of the 24 liters`: what the line's last equation comes to, if the words after it only
    say of what. Over GSM8K's 7,473 training solutions without their `####` line this mends 136 and spoils 2."""
    for at in range(len(numbers) - 1, 0, -1):
        if not equation_goes_on(line, numbers, at - 1):
            continue
        tail = line[numbers[at].end :].rstrip(" .")
        if linked_to_next(line, numbers, at) or _ANOTHER_CLAUSE.search(tail):
            return ()
        return numbers[at].readings
    return ()
