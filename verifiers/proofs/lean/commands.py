"""The commands of one verification in Lean, each sent by itself.

header                                         of the problem; once
def _root_.Said : Prop := ∀ binders, type      the proposition, before any text of a model; its name is drawn
the model's text                               after Said
theorem _root_.Check : _root_.Said := @_root_.name      Lean's kernel compares; Check is drawn after the text was read
#check @_root_.Check                           says Said and no more: nothing that the text left in scope has got in
#print axioms _root_.Check
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from verifiers.proofs import comments as proof_scan
from verifiers.proofs.extract import indented
from verifiers.proofs.statement import LEAN_KEYWORDS, Statement, declares, without_last_comments

_IMPORT = re.compile(r"^[ \t]*import[ \t][^\n]*$", re.MULTILINE)
_NEXT_COMMAND = re.compile(
    r"^(?:theorem|lemma|example|def|end|open|namespace|section|variable|instance|#\w+|/--|```)", re.MULTILINE
)
_BY = re.compile(r"\s*:=\s*by\b|\s*by\b(?=\s)")
_TERM = re.compile(r"\s*:=")
_TYPE = re.compile(r"(?P<name>\w+)(?:\.\{(?P<levels>[^}]*)\})? : (?P<type>\w+)(?:\.\{(?P<of>[^}]*)\})?")
_AXIOMS = re.compile(
    r"'(?P<name>.+?)' (?:does not depend on any axioms|depends on axioms: \[(?P<axioms>[^\]]*)\])"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A proposition that Lean has read, and the theorem that is to prove it."""

    env: int
    name: str
    theorem: str
    """Its whole name."""
    levels: int
    """Of how many universes it speaks."""

    def levels_of(self, check: str) -> str:
        """As many universes, under names that nothing else has."""
        return f".{{{', '.join(f'{check}_{at}' for at in range(self.levels))}}}" if self.levels else ""


def header_of(header: str, statement: Statement) -> str:
    """What is read once, imports first: some statements bring their own."""
    if not statement.before:
        return without_last_comments(header)
    text = f"{header}\n\n{statement.before}"
    imports = dict.fromkeys(match.group().strip() for match in _IMPORT.finditer(proof_scan.lean(text).code))
    body = without_imports(text) if imports else text
    return without_last_comments("\n".join([*imports, body.strip("\n")]))


def said(name: str, statement: Statement) -> str:
    return (
        f"{_scope(statement)}def _root_.{name}{statement.levels} : Prop := {statement.proposition}\n"
        f"set_option pp.universes true in\n#check @_root_.{name}\n{print_axioms(name)}"
    )


def restated(name: str, statement: Statement) -> str:
    """Lean's own word that `name` says what the statement does, as given, and under which name that is known."""
    return (
        f"{_scope(statement)}{statement.head} := sorry\nexample : _root_.{name} := @{statement.name}\n"
        f"#print axioms {statement.name}"
    )


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
    if is_whole(statement, part):
        return part
    head = f"{_scope(statement)}{statement.head}"
    return f"{head} {part.strip()}" if _TERM.match(part) else f"{head} := by\n{indented(part)}"


def check(name: str, said: Said) -> str:
    levels = said.levels_of(name)
    return (
        f"theorem _root_.{name}{levels} : _root_.{said.name}{levels} := @_root_.{said.theorem}\n"
        f"set_option pp.universes true in\n#check @_root_.{name}\n{print_axioms(name)}"
    )


def print_axioms(name: str) -> str:
    return f"#print axioms _root_.{name}"


def says(message: str, name: str, said: Said) -> bool:
    """Whether Lean prints the theorem of that name as one of the proposition, without a further hypothesis, and for
    every universe that it speaks of."""
    match = _TYPE.fullmatch(" ".join(message.split()).removeprefix("@"))
    if match is None or (match["name"], match["type"]) != (name, said.name):
        return False
    return match["levels"] == match["of"] and len(set(_levels(match["levels"]))) == said.levels


def levels_in(message: str, name: str) -> int | None:
    """Of how many universes the proposition speaks, as Lean prints it; None where it prints anything else."""
    match = _TYPE.fullmatch(" ".join(message.split()).removeprefix("@"))
    if match is None or (match["name"], match["type"], match["of"]) != (name, "Prop", None):
        return None
    return len(_levels(match["levels"]))


def axioms_of(message: str, name: str) -> tuple[str, ...] | None:
    """The axioms that Lean lists for the theorem of that very name; None if it says anything else."""
    told = dependence(message)
    return told[1] if told is not None and told[0] == name else None


def dependence(message: str) -> tuple[str, tuple[str, ...]] | None:
    """(whole name of a theorem, the axioms that it depends on); None if the message is another one."""
    match = _AXIOMS.fullmatch(" ".join(message.split()))
    if match is None:
        return None
    return match["name"], tuple((match["axioms"] or "").replace(",", " ").split())


def _levels(listed: str | None) -> list[str]:
    return listed.split(", ") if listed else []


def _scope(statement: Statement) -> str:
    return f"{statement.scope}\n" if statement.scope else ""
