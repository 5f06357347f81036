"""The commands of one verification in Lean, each sent by itself.

header                                         of the problem; once
def Said : Prop := ∀ binders, type             the proposition, before any text of a model; its name is drawn
the model's text                               after Said
theorem Check : Said := @name                  Lean's kernel compares; this name is drawn after the text was read
#print axioms Check
"""

from __future__ import annotations

import re

from verifiers.proofs import comments as proof_scan
from verifiers.proofs.extract import indented
from verifiers.proofs.statement import LEAN_KEYWORDS, Statement, declares

_IMPORT = re.compile(r"^[ \t]*import[ \t][^\n]*$", re.MULTILINE)
_NEXT_COMMAND = re.compile(
    r"^(?:theorem|lemma|example|def|end|open|namespace|section|variable|instance|#\w+|/--|```)", re.MULTILINE
)
_BY = re.compile(r"\s*:=\s*by\b|\s*by\b(?=\s)")
_AXIOMS = re.compile(r"'([^']+)' depends on axioms: \[([^\]]*)\]")


def said(name: str, statement: Statement) -> str:
    return f"def {name} : Prop := {statement.proposition}"


def restated(name: str, statement: Statement) -> str:
    """Lean's own word that `name` says what the statement does, as given."""
    return f"{statement.head} := sorry\nexample : {name} := @{statement.name}"


def is_whole(statement: Statement, code: str) -> bool:
    return declares(statement.name, LEAN_KEYWORDS, proof_scan.lean)(code)


def without_imports(code: str) -> str:
    """A text that repeats the header's imports; they are there already, and none can come later. A blank line for
    each, so that line numbers stay."""
    out: list[str] = []
    at = 0
    for match in _IMPORT.finditer(proof_scan.lean(code).code):
        out += code[at : match.start()], " " * (match.end() - match.start())
        at = match.end()
    return "".join([*out, code[at:]])


def own_part(statement: Statement, code: str) -> str:
    """What of a text is given to Lean: all of it if it states the theorem itself, else the body of the proof, up to
    the next command that a model writing on and on may begin."""
    if is_whole(statement, code):
        return code
    plain = proof_scan.lean(code).code
    begin = match.end() if (match := _BY.match(plain)) else 0
    first = len(plain[begin:]) - len(plain[begin:].lstrip())
    follows = _NEXT_COMMAND.search(plain, begin + first + 1)
    return code[begin : follows.start() if follows else len(code)]


def proof(statement: Statement, part: str) -> str:
    return part if is_whole(statement, part) else f"{statement.head} := by\n{indented(part)}"


def check(name: str, said_name: str, statement: Statement) -> str:
    return f"theorem {name} : {said_name} := @{statement.name}"


def print_axioms(name: str) -> str:
    return f"#print axioms {name}"


def axioms_of(message: str, name: str) -> tuple[str, ...] | None:
    """The axioms that Lean lists for the theorem of that very name; None if it says anything else."""
    text = " ".join(message.split())
    if text == f"'{name}' does not depend on any axioms":
        return ()
    match = _AXIOMS.fullmatch(text)
    if match is None or match.group(1) != name:
        return None
    return tuple(word for word in match.group(2).replace(",", " ").split())
