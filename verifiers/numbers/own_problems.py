"""Where a model goes on with problems of its own after its answer, as base models do: what follows is not read."""

from __future__ import annotations

import re
from itertools import pairwise

_CUT_WORDS = ("Q", "Problem", "Exercise", "Example", "Human", "User", "Instruction")
_CUT = re.compile(
    r"^[#* >]{0,6}(?:Question|Q|Problem|Exercise|Human|User|Instruction)(?: ?#?[0-9]{1,4})?[* ]{0,3}:"
    r"|^[#* >]{0,6}(?:Question|Problem|Exercise|Example) ?#?[0-9]{1,4}[* ]{0,3}[:.]?[ ]{0,3}$"
    r"|<\|?(?:im_end|im_start|eot_id|end|endoftext|end_of_text|user|start_header_id)\|?>|</s>|<end_of_turn>|<eos>"
    r"|\[/?INST\]",
    re.MULTILINE,
)
_PROBLEM, _QUESTION = 1_000, 240
"""Characters of a problem's line, and of its question, that are looked at."""
_VERBS = "Solve|Calculate|Compute|Evaluate|Simplify|Find|Determine|Factor|Expand|Convert"
_VERB_WORDS = tuple(_VERBS.split("|"))
_SIGNS = (
    "?", *_VERB_WORDS, "nother", "roblem", "uestion", "xample", "xercise", "similar", "new ", "next ",
    "different",
)  # fmt: skip
"""A paragraph that is a problem has one of them."""
_LABELS = ("\nSolve", "\nInput", "\nTask", "\nQuery")
_LABEL = re.compile(r"^(?:Solve|Input|Task|Query)[ ]?:", re.MULTILINE)
"""Heads a problem without a blank line before it."""
_ORDER = re.compile(rf"(?:^|[.;!][ ])(?:{_VERBS})\b")
_ENDS = re.compile(r"[.?!]")
_LONGEST_ORDER = 200
_ANNOUNCED = re.compile(
    r"[#*> ]{0,6}(?:(?:here(?:'s| is| are)|now,? (?:try|consider)|let(?:'s| us) (?:try|do|solve|look at))[ ]"
    r"(?:another|a new|a similar|the next|a different)\b"
    r"|(?:another|new|next|similar|related|follow-up|bonus|practice|extra)[ ](?:problem|question|example|exercise)\b)",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"(?:[.!;,][ ](?:[^.!?]{1,120}[ ,])?|^(?=[^\n]*[0-9]))(?:how|what|which|when|who|where)\b"
    r"|\b(?:how (?:many|much|long|far|old|tall|fast|often)|what (?:is|was|are|will|would|fraction|percent(?:age)?))\b",
    re.IGNORECASE,
)
_OF_ITSELF = re.compile(
    r"[#*_> ]{0,6}(?:\(?[a-h0-9]{1,2}[.)][ ]|sub-?(?:problem|question|part|task)s?\b"
    r"|(?:wait|hmm+|hm|but|so|let|actually|no|oh|oops|is|did|does|are|have|check|double|now|really|right|would"
    r"|should|could|can|do|any|anything|ok|okay|well|sorry|if you|want|step|part|next|then|therefore|thus|hence"
    r"|since|finally|first|second|third)\b)",
    re.IGNORECASE,
)
"""Questions and parts that a solution asks on its way."""
_OF_THE_ANSWER = re.compile(
    r"(?:she|he|they|it|the|this|that|these|those|each|every|we|i|you|her|his|their|its|both|another)\b",
    re.IGNORECASE,
)
_STATED = re.compile(r"\\(?:boxed|fbox)|\banswer\b", re.IGNORECASE)
_NEW_PERSON = re.compile(
    r"(?:(?P<name>[A-Z][a-z]{1,20}) and [A-Z][a-z]{1,20}[ ](?:have|are|were|make|want|need|go|get|run)"
    r"|(?:(?P<one>[A-Z][a-z]{1,20})(?: and [A-Z][a-z]{1,20})?|An? (?P<thing>[a-z]{2,20})(?: [a-z]{2,20})?)[ ]"
    r"(?:has|had|is|was|buys|bought|sells|sold|makes|made|wants|wanted|needs|needed|earns|earned|works"
    r"|worked|runs|ran|reads|read|gets|got|goes|went|eats|ate|picks|picked|collects|collected|plans|planned|owns|spends"
    r"|spent|drives|drove|travels|travell?ed|walks|walked|bakes|baked|can|takes|took|costs?|contains?|holds?|decided"
    r"|decides|lives|gives|gave|found|finds|starts|started|invited|invites|saved|saves|plays|played|weighs))\b"
)
_NO_PERSON = re.compile(
    r"(?:She|He|They|It|We|You|There|This|That|These|Those|Each|Every|Everyone|All|Both|Half|Nobody|Now|So|Then|Total"
    r"|Answer|Solution|Step|If|When|After|For|In|At|By|But|Since|Because|Which|What|Here|Another|One|Two|Three|Four|Five|[A-Z][a-z]+ing)"
)
_MOST_NEW = 20
_CONCLUSION = re.compile(
    r"(?:^|[.!?][ ])[*_ ]{0,4}(?:so|therefore|thus|hence|in total|in all|altogether|finally|the (?:total|result) is)\b",
    re.IGNORECASE,
)


def before_own_questions(text: str) -> list[str]:
    """The text cut before each head of a question that the model asks itself."""
    if not ("<" in text or "[" in text or _has(text, _CUT_WORDS)):
        return [text]
    starts = [0, *(match.start() for match in _CUT.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(starts)]


def before_new_problems(text: str, question: str = "") -> list[str]:
    """The text cut before each paragraph that puts a problem of its own: `Tom has 3 cats. How many has he?`, `Solve:
    5+5`; or, if the question is known, that begins with somebody whom neither it nor the text has spoken of. A question
    that the model asks of its own work (`Wait, is that right?`) is none."""
    has_gaps = "\n\n" in text
    if not (has_gaps and (question or _has(text, _SIGNS))) and not _has(text, _LABELS):
        return [text]
    starts = _after_gaps(text) if has_gaps and _has(text, _SIGNS) else []
    if question and has_gaps:
        starts = sorted({*starts, *_with_new_persons(text, question)})
    if _has(text, _LABELS):
        starts = sorted({*starts, *(match.start() for match in _LABEL.finditer(text) if match.start())})
    return [text[a:b] for a, b in pairwise([0, *starts, len(text)])]


def _after_gaps(text: str) -> list[int]:
    """Where a paragraph begins that is a problem."""
    starts: list[int] = []
    at = 0
    while (at := text.find("\n\n", at)) >= 0:
        at += 2
        if text[at : at + 1] != "\n" and _is_problem(text[at : at + _PROBLEM].partition("\n")[0].rstrip()):
            starts.append(at)
    return starts


def _with_new_persons(text: str, question: str) -> list[int]:
    """Where a paragraph begins with somebody new, and figures."""
    starts: list[int] = []
    tried = 0
    at = 0
    while (at := text.find("\n\n", at)) >= 0 and tried < _MOST_NEW:
        at += 2
        if _NEW_PERSON.match(text, at):
            tried += 1
            if _is_of_another(text[at : at + _PROBLEM], text[:at], question):
                starts.append(at)
    return starts


def _is_of_another(following: str, before: str, question: str) -> bool:
    """Whether a text begins with figures of somebody of whom neither the text before nor the question speaks."""
    match = _NEW_PERSON.match(following)
    who = match and next(filter(None, match.groups()))
    return (
        who is not None
        and not _NO_PERSON.fullmatch(who)
        and who.lower() not in question.lower()
        and who not in before
        and any(char.isdigit() for char in following.partition("\n")[0])
    )


def _has(text: str, signs: tuple[str, ...]) -> bool:
    for sign in signs:  # noqa: SIM110 - most texts have none, and any() takes thrice the time
        if sign in text:
            return True
    return False


def is_answered(run: str, following: str, question: str) -> bool:
    """Whether a text that marks no answer comes to its conclusion before the next problem, which has figures and
    persons of its own."""
    last = run.rstrip().rpartition("\n")[2][-_QUESTION:]
    begun = following[:_PROBLEM].lstrip()
    if not any(char.isdigit() for char in last):
        return False
    if question and _is_of_another(begun, run, question):
        return True
    line = begun.partition("\n")[0]
    return (
        _CONCLUSION.search(last) is not None
        and any(char.isdigit() for char in line)
        and not _OF_THE_ANSWER.match(line)
    )


def _is_problem(line: str) -> bool:
    at = line.rfind("?")
    if at >= 0 and not _OF_ITSELF.match(line):
        asked = line[: at + 1]
        own = at == len(line) - 1 or any(char.isdigit() for char in asked)
        if own and _ASKED.search(asked[-_QUESTION:]):
            return True
    if _ANNOUNCED.match(line):
        return True
    return _is_order(line)


def _is_order(line: str) -> bool:
    """`Solve 5 + 5`, `A man has 4 cars. Find the number of wheels.`; not `Find the sum: \\boxed{9}`."""
    orders = list(_ORDER.finditer(line)) if _has(line, _VERB_WORDS) else []
    if not orders or _STATED.search(line):
        return False
    if orders[0].start() == 0:
        return any(char.isdigit() for char in line)
    order = line[orders[-1].end() :].rstrip(".: ")
    given = any(char.isdigit() for char in line[: orders[-1].start()])
    return given and len(order) <= _LONGEST_ORDER and not _ENDS.search(order)
