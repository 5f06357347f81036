"""Formal statements of our own, with proofs that are right, wrong and cheating, for a real Coq."""

import re
from dataclasses import dataclass
from pathlib import Path

LIA = "Require Import Arith Lia."
LISTS = "Require Import List.\nImport ListNotations."


@dataclass(frozen=True)
class Case:
    name: str
    statement: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    header: str = LIA
    definitions: str = ""

    @property
    def problem(self) -> dict[str, str]:
        return {
            "id": self.name,
            "name": self.name,
            "statement": self.statement,
            "header": self.header,
            "definitions": self.definitions,
        }


CASES = (
    Case(
        "add_zero",
        "forall n : nat, n + 0 = n",
        (
            "intro n. induction n; simpl; congruence.",
            "```coq\nProof.\n  intros; now rewrite <- plus_n_O.\nQed.\n```",
        ),
        ("reflexivity.", "intro n. simpl. reflexivity."),
        header="",
    ),
    Case(
        "add_comm_own",
        "Theorem add_comm_own (a b : nat) : a + b = b + a.",
        ("apply Nat.add_comm.",),
        ("apply Nat.mul_comm.", "apply Nat.add_assoc."),
        header="Require Import Arith.",
    ),
    Case(
        "double_even",
        "forall n : nat, exists k, n + n = 2 * k",
        ("intro n. exists n. simpl. now rewrite <- plus_n_O.",),
        ("intro n. exists (S n). reflexivity.", "intro n. exists n."),
        header="",
    ),
    Case(
        "square_grows",
        "Lemma square_grows (n : nat) (positive : 1 < n) : n < n * n.",
        ("nia.",),
        ("lia.", "auto."),
    ),
    Case(
        "app_nil",
        "forall (A : Type) (l : list A), l ++ nil = l",
        ("intros A l. induction l as [|x l IH]; simpl; [reflexivity | now rewrite IH].",),
        ("intros. reflexivity.", "intros A l. induction l. reflexivity."),
        header=LISTS,
    ),
    Case(
        "rev_rev",
        "Theorem rev_rev {A : Type} (l : list A) : rev (rev l) = l.",
        ("apply rev_involutive.",),
        ("apply rev_length.",),
        header=LISTS,
    ),
    Case(
        "length_app",
        "forall (A : Type) (a b : list A), length (a ++ b) = length a + length b",
        (
            (
                "Here it is:\n```coq\n"
                "Lemma helper : forall (A : Type) (a b : list A), length (a ++ b) = length a + length b.\n"
                "Proof. induction a; simpl; auto. Qed.\n\nTheorem length_app : forall (A : Type) (a b : list A),\n"
                "  length (a ++ b) = length a + length b.\nProof. exact helper. Qed.\n```\nIt goes by induction."
            ),
        ),
        ("intros. simpl. auto.",),
        header=LISTS,
    ),
    Case(
        "and_swap",
        "forall P Q : Prop, P /\\ Q -> Q /\\ P",
        ("intros P Q [p q]. split; assumption.", "tauto."),
        ("intros P Q H. exact H.",),
        header="",
    ),
    Case(
        "not_both",
        "Theorem not_both (P : Prop) : ~ (P /\\ ~ P).",
        ("intros [p np]. exact (np p).", "(* a comment with Admitted. in it *) tauto."),
        ("intro H. exact H.",),
        header="",
    ),
    Case(
        "exists_not",
        "forall (A : Type) (P : A -> Prop), (exists x, ~ P x) -> ~ forall x, P x",
        ("intros A P [x no] all. exact (no (all x)).",),
        ("intros A P H. auto.",),
        header="",
    ),
    Case(
        "total",
        "Theorem total : total_of [1; 2; 3] = 6.",
        ("reflexivity.", "vm_compute. reflexivity."),
        ("discriminate.",),
        header=LISTS,
        definitions="Fixpoint total_of (l : list nat) : nat := match l with [] => 0 | x :: r => x + total_of r end.",
    ),
    Case(
        "colours",
        "forall c : colour, c = red \\/ c = green",
        ("intros []; [left | right]; reflexivity.", "destruct c; auto."),
        ("intros c; left; reflexivity.",),
        header="",
        definitions="Inductive colour := red | green.",
    ),
    Case(
        "integers",
        "Theorem integers (x y : Z) (sum : x + y = 10) (difference : x - y = 4) : x = 7.",
        ("lia.",),
        ("apply Nat.add_assoc.",),
        header="Require Import ZArith Lia.\nOpen Scope Z_scope.",
    ),
    Case(
        "constructive",
        "{ n : nat | n * n = 49 }",
        ("exists 7. reflexivity.", "Proof.\n  refine (exist _ 7 _). reflexivity.\nDefined."),
        ("exists 8. reflexivity.",),
        header="",
    ),
)
BY_NAME = {case.name: case for case in CASES}


@dataclass(frozen=True)
class Cheat:
    name: str
    text: str
    says: str
    """What the reason must hold, so that it is the cheat that fails and not a slip of ours."""


FALSE_GOAL = {"name": "false_goal", "statement": "forall n : nat, n = S n"}
_CHEAT = re.compile(r"### (.*)\n>>> (.*)\n([^#]*(?:#(?!##)[^#]*)*)")


def cheats() -> list[Cheat]:
    """The texts of coq_cheats.txt, each an answer to FALSE_GOAL."""
    text = Path(__file__).with_name("coq_cheats.txt").read_text("utf-8")
    return [Cheat(name, code.strip(), says) for name, says, code in _CHEAT.findall(text)]
