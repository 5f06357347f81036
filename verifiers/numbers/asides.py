"""Lines and sentences beside an answer whose numbers are none of it: polite closing words, checks, notes, sources."""

from __future__ import annotations

import re

_CLOSING = re.compile(
    r"(?:^|(?<=[.!?)*]))[ \t>*_]{0,6}(?:i hope|hope (?:this|that|it)|feel free|let me know"
    r"|please (?:let me|feel|ask|note|rate|leave|give (?:it|me|this))|rated?[ ](?:this|it|me|my|the|[0-9])"
    r"|if you (?:have|need|want|would|'d)|do(?:n't| not) hesitate|i(?:'m| am) (?:happy|glad|here)|happy to"
    r"|i(?:'m| am)[ ](?:about |only |at least |not )?[0-9.]{1,6} ?(?:%|percent)"
    r"|thanks?\b|thank you"
    r"|do you (?:have|want|need)|want (?:me )?to\b|(?:can|shall|may|could) i (?:help|assist|explain|do|show|go)"
    r"|(?:(?:kind|best|warm) )?regards\b|cheers\b|sincerely\b|(?:great|good|nice) (?:job|work)|well done"
    r"|you(?:'re| are) all set|answered by"
    r"|good luck|have a (?:nice|great|good)|is there anything|would you like|any (?:other |more |further )?questions"
    r"|you're welcome|keep (?:it up|practicing))[^\n]{0,300}$",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"[\s>#*_(\[-]{0,8}(?:(?:double[- ]|sanity |quick )?check(?:ing)?|verif(?:y|ying|ication)|proof|confidence"
    r"|certainty|(?:my )?confidence (?:level|score)|difficulty|word count|rating|sources?|references?|note|n\.?b|p\.?s"
    r"|hint|tip|remark"
    r"|time (?:taken|elapsed|spent|used)|elapsed(?: time)?|tokens?(?: used)?)[*_]{0,3}[ ]?:[*_]{0,3}(?=\s|$)",
    re.IGNORECASE,
)
_HEAD = 48
"""Characters that the head of such a line has at most."""
_ANSWERS = re.compile(
    r"\b(?:answer|wrong|mistake|actually|instead|correction|should be|so|therefore|thus|hence)\b",
    re.IGNORECASE,
)
_CITED = re.compile(
    r"(?:(?<=[A-Za-z)][.!])|(?<=[A-Za-z)]))(?<!\bis)(?<!\bare)(?<!\bget)(?<!\bgets)(?<!\bto)(?<!equals)"
    r"[ ]?\[[0-9]{1,2}\](?:,?[ ]?\[[0-9]{1,2}\]){0,9}(?=[.,;!]?(?:\s|$))"
)


def without_closing(line: str) -> str:
    """The line without the polite words at its end."""
    polite = _CLOSING.search(line)
    return line if polite is None else line[: polite.start()]


def is_beside(line: str) -> bool:
    """Whether a line is a check, a note or the like, and says nothing new of the answer."""
    return ":" in line[:_HEAD] and _BESIDE.match(line) is not None and not _ANSWERS.search(line[:300])


def without_sources(line: str) -> str:
    """The line without references such as [1]."""
    return _CITED.sub("", line) if "[" in line else line
