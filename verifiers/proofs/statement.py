"""A formal statement taken apart: the theorem's name, its binders and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
_LEAN_HEAD = re.compile(rf"\b{LEAN_KEYWORDS}\s+({_NAME})")
_COQ_TAIL = re.compile(r"\.\s*(?:Proof\s*\.\s*)?(?:Admitted\s*\.\s*|Abort\s*\.\s*)?$")
_LEAN_TAIL = re.compile(r":=\s*(?:by\b)?\s*(?:sorry\b)?\s*$")
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
    return _apart(text, code, head, tail.start(), "forall")


def of_lean(problem: Mapping[str, Any]) -> Statement:
    """From `formal_statement` (or `statement`): `theorem name binders : type :=`, with or without `by` and `sorry`
    after it, as the MiniF2F files have it; or the type alone, whose name is then `name`."""
    text = _field(problem, ("formal_statement", "statement"))
    scan = proof_scan.lean(text)
    head = _LEAN_HEAD.search(scan.code)
    tail = _LEAN_TAIL.search(scan.code)
    end = tail.start() if tail else len(text)
    if head is None:
        name = _name(problem)
        body = text[:end].strip()
        return Statement(name, f"theorem {name} : {body}", body)
    return _apart(text, scan.code, head, end, "∀")


def declares(name: str, keywords: str, scan: Callable[[str], Scan]) -> Callable[[str], bool]:
    """Whether a code states a theorem of that name itself, rather than being the body of its proof."""
    pattern = re.compile(rf"(?<![\w.]){keywords}\s+{re.escape(name)}(?![\w'.])")
    return lambda code: pattern.search(scan(code).code) is not None


def _apart(text: str, code: str, head: re.Match[str], end: int, quantifier: str) -> Statement:
    colon = _colon(code, head.end(), end)
    binders = text[head.end() : colon].strip()
    said = text[colon + 1 : end].strip()
    if not said:
        raise MalformedError("the statement says nothing after its colon")
    proposition = f"{quantifier} {binders}, {said}" if binders else said
    return Statement(head.group(1), text[head.start() : end].strip(), proposition)


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
