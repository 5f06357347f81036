"""Statements over tests/verifiers/proofs/real_lean/prelude.lean for a real Lean, with proofs that are right and texts
that cheat."""

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).with_name("real_lean")
PRELUDE = (HERE / "prelude.lean").read_text("utf-8")


def problem(statement: str, header: str = "") -> dict[str, str]:
    return {"formal_statement": statement, "header": f"{PRELUDE}\n{header}"}


EQ = problem("theorem same (α : Type) (a : α) : Eq a a := sorry")
SWAP = problem("theorem swap (p q : Prop) (h : And p q) : And q p := by sorry")
DOC = "/-- Swap the two. -/\n"

SAME = "theorem same (α : Type) (a : α) : Eq a a := Eq.refl a"
TURN = "(h : And p q) : And q p := And.rec (fun a b => And.intro b a) h"
TRUE = {
    "a whole theorem": (EQ, f"```lean\n{SAME}\n```"),
    "the proof alone": (EQ, ":= Eq.refl a"),
    "with a helper": (SWAP, f"""So:\n```lean4
theorem turn (p q : Prop) {TURN}
theorem swap (p q : Prop) (h : And p q) : And q p := turn p q h
```"""),
    "in a closed section with variables of its own": (SWAP, f"""\
section
variable (p q : Prop)
theorem turn {TURN}
end
theorem swap (p q : Prop) (h : And p q) : And q p := turn p q h"""),
    "in a closed namespace": (EQ, """\
namespace My.Own
variable (α : Type)
theorem refl (a : α) : Eq a a := Eq.refl a
end My.Own
theorem same (α : Type) (a : α) : Eq a a := My.Own.refl α a"""),
    "with a namespace left open": (EQ, f"{SAME}\nnamespace Else"),
    "with other names for what is bound": (EQ, "theorem same (β : Type) (b : β) : Eq b b := Eq.refl b"),
    "with definitions": (EQ, """\
def Same (α : Type) (a : α) : Prop := Eq a a
theorem same (α : Type) (a : α) : Same α a := Eq.refl a"""),
    "by an instance": (problem("theorem some : Nonempty Nat := sorry"), """\
instance here : Nonempty Nat := Nonempty.intro Nat.zero
theorem some : Nonempty Nat := here"""),
    "by recursion": (problem("theorem zero_plus (n : Nat) : Eq (Nat.plus Nat.zero n) n := sorry"), """\
theorem congr (m n : Nat) (h : Eq m n) : Eq (Nat.succ m) (Nat.succ n) :=
  Eq.rec (motive := fun k _ => Eq (Nat.succ m) (Nat.succ k)) (Eq.refl (Nat.succ m)) h
theorem zero_plus (n : Nat) : Eq (Nat.plus Nat.zero n) n :=
  Nat.rec (motive := fun n => Eq (Nat.plus Nat.zero n) n) (Eq.refl Nat.zero) (fun n h => congr _ n h) n"""),
    "by an allowed axiom": (
        problem("theorem ext (p q : Prop) (f : p → q) (g : q → p) : Eq p q := sorry"),
        "theorem ext (p q : Prop) (f : p → q) (g : q → p) : Eq p q := propext f g",
    ),
    "for every universe": (
        problem("theorem same (α : Type u) (β : Sort v) (a : α) : Eq a a := sorry"),
        "theorem same (α : Type u) (β : Sort v) (a : α) : Eq a a := Eq.refl a",
    ),
    "for universes of its own": (
        problem("theorem same.{x} (α : Type x) (a : α) : Eq a a := sorry"),
        "theorem same.{y} (α : Type y) (a : α) : Eq a a := Eq.refl a",
    ),
    "of a statement whose header ends in its documentation": (
        problem("theorem same (α : Type) (a : α) : Eq a a := sorry", DOC),
        SAME,
    ),
    "of a statement with its documentation and an attribute": (
        problem(f"{DOC}@[simp] theorem same (α : Type) (a : α) : Eq a a := sorry"),
        SAME,
    ),
    "of a statement that brings all of its header": (
        {"formal_statement": f"{PRELUDE}\n{DOC}theorem same (α : Type) (a : α) : Eq a a := by\n  sorry"},
        SAME,
    ),
    "of a statement that brings its proof": (problem(SAME), SAME),
    "of a statement with definitions before it": (
        problem("def Same (α : Type) (a : α) : Prop := Eq a a\n\ntheorem same (α : Type) (a : α) : Same α a := sorry"),
        "theorem same (α : Type) (a : α) : Same α a := Eq.refl a",
    ),
    "of a statement in an open namespace": (
        problem("theorem same (α : Type) (a : α) : Eq a a := sorry", "namespace Exercises"),
        SAME,
    ),
    "of a statement with names opened for it alone": (
        problem("open Nat in\ntheorem none : Eq zero zero := sorry"),
        "open Nat in\ntheorem none : Eq zero zero := Eq.refl _",
    ),
    "of a statement with a let": (
        problem("theorem same : let n := Nat.zero; Eq n n := sorry"),
        "theorem same : let n := Nat.zero; Eq n n := Eq.refl Nat.zero",
    ),
    "of a type alone": (
        problem("∀ p : Prop, p → p") | {"name": "itself"},
        "theorem itself : ∀ p : Prop, p → p := fun _ h => h",
    ),
}  # fmt: skip
UNTAKEN = {
    "an unknown name": (problem("theorem t : Eq nowhere nowhere := sorry"), "does not take the statement"),
    "a name that is taken": (problem("theorem propext : True := sorry"), "is not one proposition"),
    "an import in the middle": (
        problem("import Mathlib\ntheorem t : True := sorry"),
        "does not take the header",
    ),
    "no proposition": (problem("def t : Nat := sorry"), "does not take the statement"),
    "no colon": (problem("theorem t := sorry"), "no colon"),
    "a definition left out": (
        problem("def answer : Prop := sorry\ntheorem t : answer := sorry"),
        "the statement itself rests on sorryAx",
    ),
    "a variable of the header": (
        problem("theorem t : p := sorry", "variable (p : Prop)"),
        "says of the statement what was not asked",
    ),
}


@dataclass(frozen=True)
class Cheat:
    name: str
    unread: bool
    """Refused by its words. Of those that are, Lean itself is asked too where it can tell."""
    says: str
    text: str


def cheats() -> list[Cheat]:
    """Answers to `theorem foo : False`, from lean_cheats.txt: `### name`, `>>> what the verdict says` (`unread`
    before it: refused by a word), then the text."""
    text = Path(__file__).with_name("lean_cheats.txt").read_text("utf-8")
    found = re.findall(r"^### (.+)\n>>> (unread )?(.*)\n((?:(?!### ).*\n)*)", text, re.MULTILINE)
    return [Cheat(name, bool(unread), says, body.strip()) for name, unread, says, body in found]


FALSE = problem("theorem foo : False := sorry")
SOME = problem("theorem foo : Nonempty Empty := sorry")
"""A false statement that is a class: what is one can be put in scope in further ways."""
