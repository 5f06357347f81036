"""A formal statement taken apart: the theorem's name, its binders and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from verifiers.proofs import comments as proof_scan
from verifiers.proofs.comments import Scan

_NAME = r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*"
IDENTIFIER = re.compile(_NAME)
COQ_KEYWORDS = (
    r"(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Example|Definition|Fixpoint|Let|Goal)"
)
LEAN_KEYWORDS = r"(?:theorem|lemma|def|abbrev)"
_COQ_HEAD = re.compile(rf"\b{COQ_KEYWORDS}\s+({_NAME})")
_LEAN_MODIFIERS = r"(?:@\[[^\]]*\]|\b(?:private|protected|noncomputable|nonrec)\b)"
_LEAN_HEAD = re.compile(
    rf"(?:(?<=\n)|\A|(?<=\bin)|(?<=\]))[ \t]*(?:{_LEAN_MODIFIERS}\s*)*\b(?P<keyword>{LEAN_KEYWORDS})\s+"
    rf"(?P<name>{_NAME})(?P<levels>\.\{{[^}}]*\}})?"
)
_COQ_TAIL = re.compile(r"\.\s*(?:Proof\s*\.\s*)?(?:Admitted\s*\.\s*|Abort\s*\.\s*)?$")
_LEAN_SIGNS = re.compile(r"[(\[{⟨⦃⟦)\]}⟩⦄⟧]|:=|\b(?:let|have|letI|haveI)\b")
_LEAN_IN = re.compile(r"\A[ \t]*(?:open|set_option)\b[^\n]*\bin\s*\Z")
_OPEN, _CLOSE = "([{⟨⦃⟦", ")]}⟩⦄⟧"


class MalformedError(ValueError):
    """The problem's fields don't make a statement; the message says how."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be proved."""

    name: str
    head: str
    """`Theorem name binders : type`, without the full stop or `:=` that ends it."""
    proposition: str
    """The same as one closed proposition."""
    before: str = ""
    """In Lean: what stands before the theorem, to be read once after the header."""
    scope: str = ""
    """In Lean: `open … in`, right before the theorem."""
    levels: str = ""
    """In Lean: `.{u}`, the universes that it names itself."""


def of_coq(problem: Mapping[str, Any]) -> Statement:
    """From `statement` (or `formal_statement`): a whole `Theorem name binders : type.`, or the type alone, whose name
    is then `name`. MalformedError if that is neither."""
    text = _field(problem, ("statement", "formal_statement"))
    code = proof_scan.coq(text).code
    head = _COQ_HEAD.search(code)
    if head is None:
        body = text[: tail.start()] if (tail := _COQ_TAIL.search(code)) else text
        name = _name(problem)
        return Statement(name, f"Theorem {name} : {body.strip()}", body.strip())
    tail = _COQ_TAIL.search(code)
    if tail is None:
        raise MalformedError("the statement does not end with a full stop")
    end = tail.start()
    apart = _apart(text, head.group(1), head.end(), _colon(code, head.end(), end), end, "forall")
    return replace(apart, head=text[head.start() : end].strip())


def of_lean(problem: Mapping[str, Any]) -> Statement:
    """From `formal_statement` (or `statement`): `theorem name binders : type`, with or without a proof or `sorry` after
    it, and with what belongs before it: imports, opened namespaces, definitions. Or the type alone, whose name is then
    `name`."""
    text = _field(problem, ("formal_statement", "statement"))
    code = proof_scan.lean(text).code
    heads = list(_LEAN_HEAD.finditer(code))
    if not heads:
        name = _name(problem)
        body = text[: _lean_body(code, 0)].strip()
        return Statement(name, f"theorem {name} : {body}", body)
    theorems = [head for head in heads if head["keyword"] in ("theorem", "lemma")]
    head = (theorems or heads)[-1]
    before, scope = _lean_scope(text[: head.start()], code[: head.start()])
    colon = _colon(code, head.end(), len(code))
    end = _lean_body(code, colon + 1)
    apart = _apart(text, head["name"], head.end(), colon, end, "∀")
    said = f"{head['keyword']} {text[head.start('name') : end].strip()}"
    return replace(apart, head=said, before=before, scope=scope, levels=head["levels"] or "")


def without_last_comments(text: str) -> str:
    """Lean takes no documentation comment without a declaration after it."""
    return text[: len(proof_scan.lean(text).code.rstrip())]


def _lean_scope(text: str, code: str) -> tuple[str, str]:
    """What stands before a theorem, and those `open … in` of it that count for the theorem alone."""
    end = len(code.rstrip())
    while match := _LEAN_IN.search(code[:end].rpartition("\n")[2]):
        end = len(code[: end - len(match.group())].rstrip())
    begin = len(code[:end].rstrip())
    return text[:begin], text[begin : len(code.rstrip())].strip()


def _lean_body(code: str, at: int) -> int:
    """Where the proof begins: at the first `:=` outside of brackets that no `let` has."""
    depth = lets = 0
    for match in _LEAN_SIGNS.finditer(code, at):
        sign = match.group()
        if sign in _OPEN or sign in _CLOSE:
            depth += 1 if sign in _OPEN else -1
        elif depth == 0 and sign != ":=":
            lets += 1
        elif depth == 0 and lets == 0:
            return match.start()
        elif depth == 0:
            lets -= 1
    return len(code)


def declares(name: str, keywords: str, scan: Callable[[str], Scan]) -> Callable[[str], bool]:
    """Whether a code states a theorem of that name itself, rather than being the body of its proof."""
    pattern = re.compile(rf"(?<![\w.]){keywords}\s+(?:_root_\.)?{re.escape(name)}(?![\w'])(?!\.[^{{])")
    return lambda code: pattern.search(scan(code).code) is not None


def _apart(text: str, name: str, binders_at: int, colon: int, end: int, quantifier: str) -> Statement:
    binders = text[binders_at:colon].strip()
    said = text[colon + 1 : end].strip()
    if not said:
        raise MalformedError("the statement says nothing after its colon")
    proposition = f"{quantifier} {binders}, {said}" if binders else said
    return Statement(name, text[binders_at:end].strip(), proposition)


def _colon(code: str, at: int, end: int) -> int:
    """The first colon outside of all brackets: the one between binders and type."""
    depth = 0
    for position in range(at, end):
        sign = code[position]
        if sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth -= 1
        elif sign == ":" and depth == 0 and code[position + 1 : position + 2] not in ("=", ":"):
            return position
    raise MalformedError("the statement has no colon between its binders and its type")


def _field(problem: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = problem.get(name)
        if isinstance(value, str) and value.strip():
            return value
    raise MalformedError(f"the problem has no {names[0]} as text")


def _name(problem: Mapping[str, Any]) -> str:
    value = problem.get("name")
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise MalformedError(
            "the statement names no theorem, and the problem has no name that could be one's"
        )
    return value
