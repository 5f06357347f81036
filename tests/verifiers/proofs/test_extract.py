"""What of an answer is the proof, what is a comment, and a statement taken apart."""

import pytest

from verifiers.proofs import comments as proof_scan
from verifiers.proofs.coq.files import refused
from verifiers.proofs.coq.reply import assumptions_of, error_of, is_summary, unsafe_of
from verifiers.proofs.extract import code_of, first_line, indented, plain
from verifiers.proofs.lean.commands import axioms_of, header_of, without_imports
from verifiers.proofs.statement import MalformedError, of_coq, of_lean


def found(text: str) -> str:
    return code_of(text, ("coq",), lambda code: "Theorem" in code).strip()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("auto.", "auto."),
        ("```coq\nauto.\n```", "auto."),
        ("```Coq\r\nauto.\r\n```", "auto."),
        ("~~~\nauto.\n~~~", "auto."),
        ("First\n```coq\na.\n```\nthen\n```coq\nb.\n```\nthat is it", "b."),
        ("```coq\nTheorem t.\n```\nwhere the step is\n```coq\nauto.\n```", "Theorem t."),
        ("```coq\nauto.\n```\nand in Python\n```python\nprint()\n```", "auto."),
        ("```python\nprint()\n```", "print()"),
        ("```coq\nauto.", "auto."),
        ("1. So:\n   ```coq\n   auto.\n   ```\n2. Done.", "auto."),
        ("- ```coq\n  auto.\n  ```\n- Done.", "auto."),
        ("auto.\n```\n\nNext: prove", "auto."),
        ("auto.\n```\nmore\n```\nyet more\n```\n", "auto."),
        ("<think>```coq\nno.\n```</think>\n```coq\nyes.\n```", "yes."),
        ("> ```coq\n> auto.\n> ```", "auto."),
        ('{"why": "it is easy", "proof": "auto."}', "auto."),
        ("<answer>\nauto.\n</answer>", "auto."),
        ("\ufeffProof.\n\u00a0\u00a0auto.", "Proof.\n  auto."),
        ("", ""),
        ("```", ""),
    ],
)
def test_the_code_of_an_answer(text, code):
    assert found(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a (* b *) c", "a         c"),
        ("a (* (* b *) c *) d", "a                 d"),
        ('a (* "*)" *) d', "a            d"),
        ("a (* b\nc", "a     \n "),
        ('"(*" a "*)"', '"(*" a "*)"'),
        ("a *) b", "a *) b"),
    ],
)
def test_comments_of_coq(text, code):
    assert proof_scan.coq(text).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a -- b\nc", "a     \nc"),
        ("a /- b /- c -/ d -/ e", "a                   e"),
        ("a /-- b -/ c", "a          c"),
        ("a /- b", "a     "),
        ('"-- a" b', '"-- a" b'),
        ('"\\" -- a" b', '"\\" -- a" b'),
        ("a - - b / - c", "a - - b / - c"),
    ],
)
def test_comments_of_lean(text, code):
    scan = proof_scan.lean(text)
    assert (scan.code, scan.doubt) == (code, None)


@pytest.mark.parametrize("text", ["«a--b»", 's!"{x}"', 'r"a"', 'r#"a"#', "'\"'", "'\\\"'"])
def test_what_could_be_read_in_two_ways_is_in_doubt(text):
    assert proof_scan.lean(text).doubt


def test_positions_stay_whatever_the_comments():
    text = "a (* é\n𝔸 *) b -- c"
    assert len(proof_scan.coq(text).code) == len(proof_scan.lean(text).code) == len(text)


@pytest.mark.parametrize(
    ("statement", "name", "proposition"),
    [
        ("Theorem a : 1 = 1.", "a", "1 = 1"),
        ("Lemma a (n m : nat) {A : Type} : n = m.\nProof.\nAdmitted.", "a", "forall (n m : nat) {A : Type}, n = m"),
        ("(* Theorem x : 2. *) Theorem a' : forall n : nat, n = n.", "a'", "forall n : nat, n = n"),
        ("Theorem a (f : forall x : nat, {y : nat | x = y}) : True.", "a",
         "forall (f : forall x : nat, {y : nat | x = y}), True"),
        ("forall n, n = 1.", "given", "forall n, n = 1"),
    ],
)  # fmt: skip
def test_coq_statements(statement, name, proposition):
    apart = of_coq({"statement": statement, "name": "given"})
    assert (apart.name, apart.proposition) == (name, proposition)


@pytest.mark.parametrize(
    ("statement", "name", "proposition"),
    [
        ("theorem a : 1 = 1 := sorry", "a", "1 = 1"),
        (
            "theorem a (x : ℝ)\n  (h₀ : x = 2) :\n  x + 1 = 3 := by sorry",
            "a",
            "∀ (x : ℝ)\n  (h₀ : x = 2), x + 1 = 3",
        ),
        ("/-- Solve: it is 3. -/\nlemma A.b_1 {n : ℕ} : n = n := by\n", "A.b_1", "∀ {n : ℕ}, n = n"),
        ("theorem a (f : ℕ → ℕ := fun x => x) : f = f :=", "a", "∀ (f : ℕ → ℕ := fun x => x), f = f"),
        ("theorem a : let y := 3; y = 3 := sorry", "a", "let y := 3; y = 3"),
        (
            "theorem a : let y := 3; let z := y; z = 3 := by\n  let w := 3\n  rfl",
            "a",
            "let y := 3; let z := y; z = 3",
        ),
        ("theorem a : 1 = 1 := rfl", "a", "1 = 1"),
        ("theorem a : 1 = 1 := by\n  have h : 1 = 1 := rfl\n  exact h", "a", "1 = 1"),
        ("import Mathlib\nopen Nat\n\ntheorem a (n : ℕ) : n = n := by sorry", "a", "∀ (n : ℕ), n = n"),
        ("def f := 1\nlemma b : f = 1 := rfl\n\ntheorem a : f = 1 := sorry", "a", "f = 1"),
        ("theorem a.{v} (α : Type v) : α = α := sorry", "a", "∀ (α : Type v), α = α"),
        ("open Real in\n@[simp] theorem a : π = π := sorry", "a", "π = π"),
        ("private theorem a : 1 = 1 := sorry", "a", "1 = 1"),
        ("∀ n : ℕ, n = n", "given", "∀ n : ℕ, n = n"),
        ("∀ n : ℕ, n = n := by sorry", "given", "∀ n : ℕ, n = n"),
    ],
)
def test_lean_statements(statement, name, proposition):
    apart = of_lean({"formal_statement": statement, "name": "given"})
    assert (apart.name, apart.proposition) == (name, proposition)


@pytest.mark.parametrize(
    ("header", "statement", "whole"),
    [
        ("import Mathlib\nopen Nat", "theorem a : 1 = 1 := sorry", "import Mathlib\nopen Nat"),
        ("import Mathlib\n\n/-- Prove it. -/\n", "theorem a : 1 = 1 := sorry", "import Mathlib"),
        ("import Mathlib -- all of it\n", "theorem a : 1 = 1 := sorry", "import Mathlib"),
        ("open Nat", "import Mathlib\n/-- It. -/\ntheorem a : 1 = 1 := sorry", "import Mathlib\nopen Nat"),
        (
            "import Mathlib\nopen Nat",
            "import Mathlib\nimport Aesop\nopen Real\n/- It. -/ theorem a : 1 = 1 := sorry",
            "import Mathlib\nimport Aesop\nopen Nat open Real",
        ),
        ("", "def f := 1\n@[simp] theorem a : f = 1 := sorry", "def f := 1"),
        ("import Mathlib", "open Real in\ntheorem a : π = π := sorry", "import Mathlib"),
    ],
)
def test_what_stands_before_a_statement_joins_the_header(header, statement, whole):
    found = header_of(header, of_lean({"formal_statement": statement}))
    assert [" ".join(line.split()) for line in found.split("import")] == [
        " ".join(line.split()) for line in whole.split("import")
    ]


def test_names_opened_for_a_statement_alone_stay_with_it():
    apart = of_lean({"formal_statement": "open Real in\ntheorem a : π = π := sorry"})
    assert (apart.before, apart.scope, apart.head) == ("", "open Real in", "theorem a : π = π")


@pytest.mark.parametrize("statement", ["theorem a b c", "theorem a : := sorry", "", None, 3])
def test_what_is_no_statement(statement):
    with pytest.raises(MalformedError):
        of_lean({"formal_statement": statement})


def test_what_a_comment_or_a_name_says_refuses_nothing():
    assert refused("(* Load it, Redirect *) apply Load_it. exact (Cdr x).") is None
    assert refused('Time Redirect "x" Check a.') == "Redirect"
    assert refused("Print  Sorted Universes.") == "Print  Sorted Universes"


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Closed under the global context\n", ()),
        ("Axioms:\nA.b : nat -> nat\n  -> nat\nc\n  : False\n", ("A.b", "c")),
        ("Axioms:\nloop is assumed to be guarded.\n", ("loop is assumed to be guarded",)),
        ("Axioms:\nClosed under the global context : False\n", ("Closed under the global context : False",)),
        ("", ("no answer",)),
        (
            "Anything else\nClosed under the global context",
            ("Anything else Closed under the global context",),
        ),
        ("Axioms:\n", ("Axioms:",)),
    ],
)
def test_assumptions(said, names):
    assert assumptions_of(said) == names


SUMMARY = """CONTEXT SUMMARY
===============

* Theory: Set is predicative

* Axioms:
    Coq.Logic.Classical_Prop.classic
    {axiom}

* Constants/Inductives relying on type-in-type: <none>

* Constants/Inductives relying on unsafe (co)fixpoints:
    {unsafe}

* Inductives whose positivity is assumed: <none>
"""


def test_the_checkers_summary():
    good = SUMMARY.format(axiom="Coq.Init.x", unsafe="<none>")
    assert is_summary(good)
    assert unsafe_of(good, "manyfew.proof") == ()
    bad = SUMMARY.format(axiom="manyfew.proof.Proof.no", unsafe="manyfew.proof.Proof.loop")
    assert unsafe_of(bad, "manyfew.proof") == ("Proof.no", "Proof.loop")
    assert unsafe_of(good.replace("predicative", "impredicative"), "manyfew.proof") == (
        "another theory of sorts",
    )
    assert not is_summary(good.replace("* Axioms", "Axioms"))
    assert not is_summary("Fatal Error: Type Checking failed")


@pytest.mark.parametrize(
    ("said", "axioms"),
    [
        ("'a' does not depend on any axioms", ()),
        ("'a' depends on axioms: [propext,\n Quot.sound]", ("propext", "Quot.sound")),
        ("'A.a' does not depend on any axioms", None),
        ("'b' depends on axioms: [propext]", None),
        ("'a' depends on axioms: [propext] 'a' does not depend on any axioms", None),
        ("", None),
    ],
)  # fmt: skip
def test_axioms(said, axioms):
    assert axioms_of(said, "a") == axioms


def test_repeated_imports_leave_their_lines_empty():
    assert without_imports("import A\n  import B.C\nopen D -- import E").splitlines() == [
        " " * 8,
        " " * 12,
        "open D -- import E",
    ]


def test_blocks_keep_their_shape():
    assert indented("\n    a\n      b\n    c\n\n") == "  a\n    b\n  c"


def test_a_provers_words_are_made_plain():
    assert plain("a\x1b[31m\x07b", 100) == "a [31m b"
    assert plain("x" * 50, 10) == "xxxxxxxxx…"
    assert first_line("a\n  b\n\nc") == "a b"
    assert error_of('File "/x/Proof.v", line 3, characters 0-5:\nError: No.\n') == "line 3: Error: No."
