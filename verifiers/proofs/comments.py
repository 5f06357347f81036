"""Comments out of Coq and Lean code: each becomes blanks of the same length, so that positions stay.

What is refused by word is looked for in what is left, so a comment that says "no axiom here" refuses nothing. The
other way round is the danger: code that this takes for a comment and the prover doesn't. For Coq nothing depends on
it (verifiers.proofs.coq.kind); for Lean whatever could part the two readings is named in `Scan.doubt`, and then nothing
counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COQ = re.compile(r'\(\*|\*\)|"')
_LEAN = re.compile(r"""--|/-|"|«|r#*"|'\\?"'""")
_LEAN_COMMENT = re.compile(r"/-|-/")
_IN_LINE = re.compile(r"[^\n]")
_INTERPOLATED = re.compile(r'[\w]!"')


@dataclass(frozen=True, slots=True)
class Scan:
    """A text without its comments."""

    code: str
    """As long as the text; strings are left in."""
    doubt: str | None = None
    """What keeps us from telling comments from code for sure."""


def coq(text: str) -> Scan:
    """Comments nest, and a string inside a comment is a string, so `(* "*)" *)` is one comment."""
    out: list[str] = []
    depth = at = start = 0
    while match := _COQ.search(text, at):
        at = match.end()
        if match.group() == '"':
            close = text.find('"', at)  # a doubled quote inside is two strings: no difference here
            at = len(text) if close < 0 else close + 1
        elif match.group() == "(*":
            if depth == 0:
                out.append(text[start : match.start()])
                start = match.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                out.append(_blanks(text[start:at]))
                start = at
    out.append(_blanks(text[start:]) if depth else text[start:])
    return Scan("".join(out))


def lean(text: str) -> Scan:
    """Block comments nest; documentation comments count as comments, since they hold no code. Interpolated strings
    hold code, names in «» and raw strings may hold comment signs: with them in it, a text is in doubt."""
    out: list[str] = []
    doubt = None
    at = start = 0
    if match := _INTERPOLATED.search(text):
        doubt = f"an interpolated string, {match.group()}"
    while match := _LEAN.search(text, at):
        sign = match.group()
        at = match.end()
        if sign == '"':
            at = _end_of_string(text, at)
        elif sign in ("--", "/-"):
            if sign == "--":
                end = text.find("\n", at)
                at = len(text) if end < 0 else end
            else:
                at = _end_of_block(text, at)
            out += text[start : match.start()], _blanks(text[match.start() : at])
            start = at
        else:
            doubt = f"{sign} outside of a comment"
    out.append(text[start:])
    return Scan("".join(out), doubt)


def _end_of_block(text: str, at: int) -> int:
    depth = 1
    while depth and (match := _LEAN_COMMENT.search(text, at)):
        depth += 1 if match.group() == "/-" else -1
        at = match.end()
    return len(text) if depth else at


def _end_of_string(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        else:
            at += 1
    return len(text)


def _blanks(comment: str) -> str:
    return _IN_LINE.sub(" ", comment)
