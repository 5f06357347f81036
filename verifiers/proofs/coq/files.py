"""The Coq files of one verification, each compiled by itself.

    Given   header, definitions                         of the problem; once
    Said    header, Import Given, the proposition       of the problem; once, before any text of a model
    Proof   header, Import Given, the model's text
    Check   Said, then Proof, neither imported:  Definition checked : proposition := Proof.name.

What the model's text redefines, reopens, shadows or notates stays in its own file: Check never reads it as text. The
proposition is a term of the kernel before that text is there, and Coq's kernel compares the two.
"""

from __future__ import annotations

import re

from verifiers.proofs import comments as proof_scan
from verifiers.proofs.statement import COQ_KEYWORDS, Statement, declares

PREFIX = "manyfew"
SAID, PROOF, CHECK, GIVEN = "Said", "Proof", "Check", "Given"
_SENTENCE_END = re.compile(r"\b(?:Qed|Defined|Save|Admitted|Abort)\s*\.(?=\s|$)")
_PROOF = re.compile(r"\s*Proof(?:\s+using[^.]*)?\s*\.(?=\s|$)")
_FILE_COMMANDS = re.compile(
    r"\b(?:Redirect|Extraction|Load|LoadPath|Cd|Pwd|Drop|ML|Print\s+(?:Sorted\s+)?Universes|Dump|Quit)\b"
)
"""Commands that read or write files, load programs or end Coq. No proof needs one; the sandbox holds them anyway."""


def refused(code: str) -> str | None:
    """The command for which a text isn't even compiled."""
    match = _FILE_COMMANDS.search(proof_scan.coq(code).code)
    return match.group() if match else None


def given(header: str, definitions: str) -> str:
    return f"{header}\n{definitions}\n"


def said(header: str, proposition: str, *, has_given: bool) -> str:
    """`: Type` so that the proposition is read as a type, whichever scope is open."""
    return f"{_start(header, has_given)}Definition proposition : Type :=\n{proposition}\n.\n"


def is_whole(statement: Statement, code: str) -> bool:
    return declares(statement.name, COQ_KEYWORDS, proof_scan.coq)(code)


def proof(header: str, statement: Statement, code: str, *, has_given: bool) -> str:
    """The model's file: its own, if it states the theorem itself, else its text as the body of the given one."""
    start = _start(header, has_given)
    if is_whole(statement, code):
        return f"{start}{code}\n"
    plain = proof_scan.coq(code).code
    begin = match.end() if (match := _PROOF.match(plain)) else 0
    end = match.start() if (match := _SENTENCE_END.search(plain, begin)) else len(code)
    return f"{start}{statement.head}.\nProof.\n{code[begin:end].rstrip()}\nQed.\n"


def check(name: str) -> str:
    """The proposition gets a name of this file's own before the model's file is there. Flags are set anew after it,
    since a file may turn them off for whatever requires it."""
    return f"""Require {PREFIX}.said.{SAID}.
Definition proposition : Type := {PREFIX}.said.{SAID}.proposition.
Require {PREFIX}.proof.{PROOF}.
Set Universe Checking.
Set Guard Checking.
Set Positivity Checking.
Unset Definitional UIP.
Definition checked : proposition := @{PREFIX}.proof.{PROOF}.{name}.
Print Assumptions checked.
"""


def _start(header: str, has_given: bool) -> str:
    return f"{header}\nRequire Import {PREFIX}.given.{GIVEN}.\n" if has_given else f"{header}\n"
