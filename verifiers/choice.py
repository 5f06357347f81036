"""Kind `choice`: the option of a multiple choice that an answer finally names, against the gold letter or index.

Options
- `field`: the problem's field that holds the gold, a letter (`"C"`, `"(C)"`) or a number; default `answer`.
- `letters`: how many options there may be, from A on; default 10, so A to J.
- `first_index`: the number of option A if the gold is a number; default 0.

Priority: the last `\\boxed{…}` or `<answer>…</answer>` that names a letter; else the last phrase that states
one (`the answer is (C)`, `Answer: A`, `{"answer": "B"}`, `答案：B`, `I choose D`, `B is correct`, `…, so D`); else
the last line that is nothing but a letter, or that alone begins with one (`(C) Paris`); else the letter in
parentheses in the last line that has one. Two letters in one statement (`A or B`, `both A and C`) are no
answer, and no answer is wrong. A lone capital in running text (`A train leaves`) says nothing, and no more does a
statement that is asked (`Is the answer B?`), supposed (`if the answer is B`) or denied (`option B is wrong`). What
follows a question that a base model goes on to ask itself is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from verifiers.gold import named_field
from verifiers.types import Bounds, Isolation, Verdict

_VERSION = "2"
MAX_TEXT = 65_536
"""Characters looked at, from the end: the final answer is there."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OWN_QUESTION = re.compile(
    r"\n[#* >]{0,6}(?:Question|Q|Problem|Exercise|Human|User)(?: ?#?[0-9]{1,4})?[* ]{0,3}:"
)
_MARKUP = re.compile(
    r"\\(?:textbf|textrm|textsf|text|mathrm|mathbf|mathsf|mbox|rm|bf)(?![A-Za-z])|\\[()\[\],;:! ]|[*_`$~\u200b]"
    r"|</?(?:b|i|u|p|em|strong|span|mark|br)(?: [^<>\n]{0,80})?/?>"
)
_BOX = re.compile(r"(?:\\(?:boxed|fbox)[ ]?\{|<answer>)(?=([^\n<]{0,80}))")
_STATED = re.compile(
    r"(?:\bans\."
    r"|(?:\b|(?<=final)|(?<=correct))(?:(?:statement|one|option|choice|answer) that(?: [a-z]{1,20}){1,4}(?= is )"
    r"|answer|option|choice|choose|chose|chosen|select(?:ed|ion)?"
    r"|pick(?:ed)?|go(?:ing)? (?:with|for)|verdict|conclusion|final letter|(?:i'd|i would|i'll) say"
    r"|(?:matches|corresponds to|means|ans)|letter(?=(?: is|:)[ ])"
    r"|(?<![a-z] )(?:final|correct|it (?:should|must|has to) be)"
    r"|(?:statement|one) that (?:is|holds)(?: true| correct)?)\b(?!s)"
    r"|\b(?:respuesta|opci[oó]n|réponse|option|antwort|resposta|alternativa|risposta|antwoord|odpowied[zź]"
    r"|cevap|svar|ответ|risposta corretta|jawaban|đáp án"
    r"|вариант|lösung|trả lời)\b|答案|答え|正解|正答|الجواب|正确选项|选择|选项?|選|정답|답|الإجابة|उत्तर)"
    r"(?:[ ](?:is|are|be|would|should|must|to|the|correct|right|best|final|option|choice|answer|letter|letra|of|this"
    r"|question|that|therefore|thus|indeed|clearly|likely|probably|definitely|certainly|most|appears|seems|true"
    r"|es|est|ist|lautet|é|è|a(?= letra)|la|die|der|il|correct[ae]|corretta|richtige|correta|opción|yang|benar"
    r"|tepat|الصحيحة|هي|هو|adalah|là|đúng"
    r"|option|—|-)\b){0,8}[ ]?(?:是|为|為|は|는|은|应该是)?[ ]?[\"']?[ ]?(?:->|[→–—-]|[:=]{0,2}>?)[\s{\"']{0,4}",
    re.IGNORECASE,
)
_IS_RIGHT = re.compile(
    r"(?<![\w'’])[(\[]?(?P<letter>[A-Z])[)\]]?[.:]?[ ](?:is|must be|would be|should be|has to be|seems|appears"
    r"|looks|remains)[ ](?:(?:therefore|thus|clearly|indeed|also|the|my|our|only|most|likely|definitely"
    r"|certainly|to be|then)[ ]){0,4}"
    r"(?:correct|right|best|answer|one|option|choice|true|accurate|appropriate"
    r"|suitable|plausible|reasonable|valid)\b"
    r"|(?<![\w'’])[(\[]?(?P<best>[A-Z])[)\]]?[ ](?:fits|works|matches)[ ](?:the )?best\b"
    r"|[;,][ ](?:but |only )?[(\[]?(?P<does>[A-Z])[)\]]?[ ](?:does|is)(?=[.!]?[ \t]*(?:\n|$))"
    r"|(?<![\w'’])[(\[]?(?P<itis>[A-Z])[)\]]?[ ]it[ ]is(?=[.!]?[ \t]*(?:\n|$))"
    r"|(?:^|[.!,:\n][ ]?|\b(?:so|thus|hence|only|option|choice|therefore|but|then)[ ])[(\[]?(?P<works>[A-Z])[)\]]?[ ]"
    r"(?:(?:fits|works|holds|matches|is what we want|is the (?:one|statement|option) that (?:works|fits|holds)))"
    r"(?=[.!]?[ \t]*(?:\n|$))"
)
_FOLLOWS = re.compile(
    r"(?:\b(?:so|thus|hence|therefore|then|(?<!whether )(?<!if )(?:it'?s|it is)|must be|has to be|leaves|leaving"
    r"|left with|which is|that is|that's|this is|namely|no|finally|probably|likely|definitely|surely|certainly"
    r"|we (?:get|have|find|obtain)|by (?:the )?(?:process of )?elimination|not [A-Z],? but)"
    r"|i\.e\.|(?<=[a-z] [A-J]):)[,:]?[ ]"
    r"(?:(?:it(?:'s| is| must be)?|must be|is|only|just|us with|with|option|choice|the)[ ]){0,3}"
    r"[(\[]?(?P<letter>[A-Z])[)\]]?(?=[.!]?[ \t]*(?:\n|$))"
    r"|\bonly[ ][(\[]?(?P<only>[A-Z])[)\]]?[ ](?:remains|is left|is correct|is right|fits|works|holds|is true|satisfies"
    r"|meets|matches|makes sense|fulfils|qualifies)\b",
    re.IGNORECASE,
)
_WIDE = str.maketrans("：（）【】「」＝，。", ':()[]""=,.') | {0xFF21 + at: 65 + at for at in range(26)}
_OPEN, _CLOSED = r"[\s\"'({\[]{0,4}", r"[)}\]\"']{0,3}"
_LETTER = re.compile(
    rf"{_OPEN}(?:option |choice |letter )?{_OPEN}([A-Za-z]){_CLOSED}(?![0-9A-Za-z_À-ӿ'’+=^-])", re.IGNORECASE
)
_ANOTHER = re.compile(
    rf"[ ,;/]{{0,2}}(?:\b(?:or|and|oder|und|ou|et|y|o|e|или|и)\b|或|和|または|또는|/|,"
    rf"|&)[ ]?(?:option )?[({{\[]?([A-Z]){_CLOSED}(?![\w'’])"
)
_RUNS_ON = re.compile(r"[ ](?!because\b|since\b|as\b|for\b|with\b|which\b|is\b|from\b|if\b|due\b)[a-z]")
_BULLET = "[\\s>#=•→✓✔✅👉☑-]{0,6}(?:1[.)] |A: )?"
_ALONE = re.compile(rf"{_BULLET}{_OPEN}([A-Za-z]){_CLOSED}[.:!?]?[\s✓✔✅]{{0,4}}")
_HEADED = re.compile(
    rf"{_BULLET}(?:(?:\(([A-Z])\)|([A-Z])[).:])[ \t]{{1,4}}\S"
    r"|([A-Z])(?:,?[ ](?:since|because)\b|[ ][-–—][ ][A-Za-z]{3}))"
)
_ASKS = re.compile(
    r"\s{0,9}(?:(?:and|so|but|or),?[ ])?(?:is|are|was|could|can|would|should|may|might|do|does|did|why|how|who|what"
    r"|which|isn't|doesn't|couldn't)\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"(?:\b(?:if|suppose|supposing|assume|assuming|imagine|whether|unless|doubt|doubtful)"
    r"|(?:n't|not|never) (?:think|believe|say|mean))"
    r"(?:,? that)?(?: (?:the|my|our|your|this|correct|right|final|best|only|option|choice|it's|it is)){0,4}[ ]?\Z"
    r"|(?:\bnot|n't)(?: (?:very|really|at all))?[ ]\Z",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"[)}\]\"']{0,3}(?:[ ](?:is|was|seems|looks|appears|must be|has to be)(?:[ ](?:also|clearly|obviously|definitely"
    r"|therefore|thus|simply|just|then|the)){0,2}[ ](?:not|wrong|incorrect|false|invalid|untrue|inaccurate|impossible"
    r"|implausible|unlikely|out|eliminated|excluded|ruled|inconsistent|irrelevant|too)\b"
    r"|[ ](?:isn't|cannot|can't|can not|doesn't|does not|won't|wouldn't|would not|fails|contradicts)\b"
    r"|[ ]would (?:only )?(?:be|have been) (?:[a-z]{1,20} ){1,3}(?:if|had|only if|were|unless)\b"
    r"|[,;]?[ ](?:but|which|and)[ ](?:that |this |it |they )?(?:is|are|was|were)[ ](?:wrong|incorrect|false|untrue)\b"
    r"|[;,][ ](?:that|this|it|they)(?: is| are|'s|'re) (?:wrong|incorrect|false|untrue)\b"
    r"|[ ]if it\b|(?:\?|\.{2,3}|…)[ ]?(?:no|nope|wait|wrong)\b)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?\n]")
_LOOK_BACK = 120
_ROW = 120
_ROW_GAP = re.compile(r"[^}\n]{0,80}\}[\s,;/|.]{0,20}(?:and|or)?[\s,;/|.]{0,20}\Z", re.IGNORECASE)
"""From within one box to the next of a row."""
_PAREN = re.compile(r"\(([A-Z])\)")


class Choice:
    """Pure; never raises for any text."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("field", "letters", "first_index")
    kind = "choice"
    isolation: Isolation = "inline"

    def __init__(
        self,
        *,
        field: object = "answer",
        letters: object = 10,
        first_index: object = 0,
        bounds: Bounds | None = None,
    ) -> None:
        """ValueError, one line, for an option out of range. It needs no bounds: it is quick and cannot hang."""
        self._field = named_field("choice", field)
        if not isinstance(letters, int) or isinstance(letters, bool) or not 2 <= letters <= len(_LETTERS):
            raise ValueError(
                f"verifier choice: letters is {letters!r}; it may be a whole number from 2 to 26"
            )
        if isinstance(first_index, bool) or first_index not in (0, 1):
            raise ValueError(f"verifier choice: first_index is {first_index!r}; it may be 0 or 1")
        self._letters = _LETTERS[:letters]
        self._first = 1 if first_index == 1 else 0

    @property
    def version(self) -> str:
        parts = [_VERSION]
        parts += [] if self._field == "answer" else [f"field={self._field}"]
        parts += [] if len(self._letters) == 10 else [f"letters={len(self._letters)}"]
        parts += ["first_index=1"] if self._first else []
        return ";".join(parts)

    def lacks(self) -> None:
        return None

    def close(self) -> None:
        pass

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None only if the gold is none of the letters."""
        gold = self._gold(problem.get(self._field))
        if gold is None:
            return Verdict(passed=None, reason=f"the problem's {self._field} names none of its options")
        letter = final_letter(text, self._letters)
        if letter is None:
            return Verdict(passed=False, reason="no option named in the answer")
        return Verdict(passed=letter == gold, answer=letter)

    def _gold(self, value: object) -> str | None:
        if isinstance(value, str):
            plain = value.strip().strip("().").upper()
            if len(plain) == 1 and plain in self._letters:
                return plain
            if not plain.isdecimal() or len(plain) > 2:
                return None
            value = int(plain)
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        at = value - self._first
        return self._letters[at] if 0 <= at < len(self._letters) else None


def final_letter(text: str, letters: str) -> str | None:
    """The option that a text finally names; None if it names none, or more than one. Linear in the text."""
    said = text[-MAX_TEXT:].rpartition("</think>")[2]
    if (question := _OWN_QUESTION.search(said)) and said[: question.start()].strip():
        said = said[: question.start()]
    said = _MARKUP.sub("", said).translate(_WIDE)
    for found in (*_boxed(said), *_stated(said)):
        return found if found and found in letters else None
    return _by_line(said, letters)


def _boxed(said: str) -> Iterator[str]:
    """The last box first; "" for one of a row of boxes that name different options."""
    boxes = [(box, letter) for box in _BOX.finditer(said) if (letter := _letter(box.group(1), 0)) is not None]
    for at in range(len(boxes) - 1, -1, -1):
        box, letter = boxes[at]
        before = boxes[at - 1] if at else None
        gap = "" if before is None else said[before[0].end() : box.start()]
        is_row = before is not None and before[1] != letter and len(gap) <= _ROW and _ROW_GAP.match(gap)
        yield "" if is_row else letter


def _stated(said: str) -> Iterator[str]:
    """The last statement first, whatever its words."""
    statements = [
        (match.end(), match.start(), letter, named.end(1))
        for match in _STATED.finditer(said)
        if (named := _LETTER.match(said, match.end())) and (letter := _letter(said, match.end())) is not None
    ]
    for match in (*_IS_RIGHT.finditer(said), *_FOLLOWS.finditer(said)):
        group = match.lastgroup or ""
        if match[group].isupper():
            statements.append((match.end(), match.start(), match[group], match.end(group)))
    for _, start, letter, end in sorted(statements, reverse=True):
        if not _is_unsaid(said, start, end):
            yield letter


def _is_unsaid(said: str, start: int, end: int) -> bool:
    """Whether what begins at `start` and names an option up to `end` is asked, supposed or denied."""
    before = said[max(0, start - _LOOK_BACK) : end]
    sentence = max(before.rfind(mark, 0, len(before) - (end - start)) for mark in ".!?\n:;")
    stop = _SENTENCE_END.search(said, end, end + _LOOK_BACK)
    is_asked = stop is not None and stop[0] == "?" and _ASKS.match(before, sentence + 1)
    return bool(
        is_asked or _DENIED.match(said, end) or _SUPPOSED.search(before[: len(before) - (end - start)])
    )


def _letter(said: str, at: int) -> str | None:
    """The letter that a statement goes on with; "" for two of them, None if it goes on otherwise."""
    match = _LETTER.match(said, at)
    if match is None:
        return None
    letter, end = match.group(1), match.end()
    bare = end == match.end(1)
    if bare and (letter.islower() or letter in "AI") and _RUNS_ON.match(said, end):
        return None  # an article or a pronoun, not an option
    enclosed = not bare or said[end : end + 1] in ".:;!" or not said[end : end + 1].strip(" \n")
    if letter.islower() and not enclosed:
        return None
    return "" if _ANOTHER.match(said, end) else letter.upper()


def _by_line(said: str, letters: str) -> str | None:
    lines = [line for line in said.split("\n") if line.strip()]
    for line in reversed(lines):
        if (alone := _ALONE.fullmatch(line)) and alone.group(1).upper() in letters:
            return alone.group(1).upper()
    heads = (_HEADED.match(line) for line in lines)
    headed = {head.group(1) or head.group(2) or head.group(3) for head in heads if head}
    if len(headed) == 1:
        return next(iter(headed & set(letters)), None)
    if headed:
        return None  # it repeats the options
    for line in reversed(lines):
        places = [
            match for match in _PAREN.finditer(line) if not _is_unsaid(line, match.start(), match.end(1))
        ]
        if found := {match[1] for match in places}:
            return next(iter(found)) if len(found) == 1 and found <= set(letters) else None
    return None
