"""Kind `coq` against a real Coq: proofs that are right, wrong and cheating."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.verifiers.proofs.coq_cases import BY_NAME, CASES, FALSE_GOAL, Cheat, cheats
from tests.verifiers.some import some
from verifiers.proofs.coq.kind import Coq
from verifiers.proofs.coq.run import CoqRunner
from verifiers.registry import get
from verifiers.types import Bounds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("coqc") is None or shutil.which("bwrap") is None,
        reason="needs Coq and bubblewrap (apt install coq bubblewrap)",
    ),
    pytest.mark.xdist_group("coq"),
]


@pytest.fixture(scope="module")
def coq():
    verifier = Coq()
    yield verifier
    verifier.close()


@pytest.fixture(scope="module")
def hurried():
    verifier = Coq(bounds=Bounds(timeout_s=1, memory_mb=4096))
    yield verifier
    verifier.close()


@pytest.mark.parametrize(
    ("name", "text"),
    [(case.name, text) for case in CASES for text in case.right],
    ids=lambda value: value[:30],
)
def test_a_right_proof_counts(coq, name, text):
    verdict = coq.verify(text, BY_NAME[name].problem)
    assert (verdict.passed, verdict.reason) == (True, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [(case.name, text) for case in CASES for text in case.wrong],
    ids=lambda value: value[:30],
)
def test_a_wrong_proof_does_not(coq, name, text):
    verdict = coq.verify(text, BY_NAME[name].problem)
    assert verdict.passed is False
    assert verdict.reason.startswith("Coq refuses it: line ")
    assert verdict.evidence


def test_there_are_cheats():
    assert len(cheats()) >= 40
    assert len({cheat.name for cheat in cheats()}) == len(cheats())


@pytest.mark.parametrize("cheat", some(cheats(), 4), ids=lambda cheat: cheat.name)
def test_a_cheat_does_not_count(coq, hurried, cheat: Cheat):
    verifier = hurried if cheat.says.startswith("past") else coq
    whole = "Theorem false_goal" in cheat.text
    verdict = verifier.verify(f"```coq\n{cheat.text}\n```" if whole else cheat.text, FALSE_GOAL)
    assert verdict.passed is False, verdict
    assert cheat.says in f"{verdict.reason}\n{verdict.evidence}"


def test_memory_is_bounded():
    verifier = Coq(bounds=Bounds(timeout_s=20, memory_mb=600))
    verdict = verifier.verify("let x := eval vm_compute in (Nat.pow 2 40) in idtac.", FALSE_GOAL)
    assert (verdict.passed, verdict.reason) == (False, "past its limit of 600 MB of memory")


CLASSICAL = {
    "name": "middle",
    "statement": "forall P : Prop, P \\/ ~ P",
    "header": "Require Import Classical.",
}


def test_an_axiom_of_the_library_counts_where_it_is_allowed(coq):
    assert coq.verify("exact classic.", CLASSICAL).reason == "rests on Classical_Prop.classic"
    allowed = get("coq", {"axioms": ["Classical_Prop.classic"]})
    assert allowed.verify("exact classic.", CLASSICAL).passed is True


@pytest.mark.parametrize(
    "text",
    [
        "Axiom classic : forall P : Prop, P \\/ ~ P.\nTheorem middle : forall P : Prop, P \\/ ~ P. exact classic. Qed.",
        """Module Classical_Prop. Axiom classic : False. End Classical_Prop.
Theorem middle : forall P : Prop, P \\/ ~ P. destruct Classical_Prop.classic. Qed.""",
    ],
)
def test_an_axiom_of_the_same_name_is_not_the_one_allowed(text):
    allowed = get(
        "coq",
        {"axioms": ["classic", "Classical_Prop.classic", "Proof.classic", "Proof.Classical_Prop.classic"]},
    )
    verdict = allowed.verify(f"```coq\n{text}\n```", CLASSICAL)
    assert verdict.passed is False
    assert (verdict.reason or "").startswith("rests on ")


def test_an_extension_of_the_theory_is_no_axiom_but_does_not_count(coq):
    """Uniqueness of identity proofs, true but unprovable in Coq, by a flag that makes it hold by computation."""
    problem = {"name": "uip", "statement": "forall (A : Set) (a b : A) (p q : a = b), p = q"}
    text = """Set Definitional UIP.
Inductive seq {A : Set} (a : A) : A -> SProp := srefl : seq a a.
Definition into {A : Set} {a b : A} (e : a = b) : seq a b := match e with eq_refl => srefl a end.
Definition back {A : Set} {a b : A} (e : seq a b) : a = b := match e with srefl _ => eq_refl end.
Lemma round {A : Set} {a b : A} (e : a = b) : back (into e) = e. Proof. destruct e. reflexivity. Qed.
Theorem uip : forall (A : Set) (a b : A) (p q : a = b), p = q.
Proof. intros. rewrite <- (round p), <- (round q). reflexivity. Qed."""
    verdict = coq.verify(f"```coq\n{text}\n```", problem)
    assert verdict.passed is False
    assert "relies on definitional UIP" in (verdict.reason or "")


@pytest.mark.parametrize(
    "command",
    [
        'Redirect "{path}" Print nat.',
        'Print Universes "{path}.out".',
        'Require Extraction. Extraction "{path}.ml" nat.',
    ],
)
def test_commands_on_files_reach_none_of_ours_were_they_not_refused(coq, tmp_path, command):
    runner = CoqRunner(Bounds())
    source = command.format(path=tmp_path / "written")
    runner.compile_proof(runner.prepare("", "", "1 = 1"), source)
    assert list(tmp_path.iterdir()) == []


def test_the_statement_counts_up_to_computation(coq):
    """The kernel takes one for the other: a proof of 4 = 4 is one of 2 + 2 = 4."""
    problem = {"name": "four", "statement": "2 + 2 = 4"}
    assert coq.verify("```coq\nTheorem four : 4 = 4. reflexivity. Qed.\n```", problem).passed is True


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        ({"name": "a"}, "the problem has no statement as text"),
        ({"statement": "1 = 1"}, "names no theorem"),
        ({"name": "a b", "statement": "1 = 1"}, "names no theorem"),
        ({"statement": "Theorem a (n : nat) n = n."}, "no colon"),
        ({"statement": "Theorem a : ."}, "says nothing"),
        ({"statement": "Theorem a : 1 = 1"}, "does not end with a full stop"),
        ({"name": "a", "statement": "nothing = 1"}, "the problem's statement cannot be compiled: line"),
        ({"name": "a", "statement": "1 = 1", "header": "Require Import Nowhere."}, "cannot be compiled"),
        (
            {"name": "a", "statement": "1 = 1", "definitions": "Definition b := c."},
            "definitions cannot be compiled",
        ),
    ],
)
def test_a_problem_that_cannot_be_asked_is_not_the_answers_fault(coq, problem, says):
    verdict = coq.verify("reflexivity.", problem)
    assert verdict.passed is None
    assert says in verdict.reason


def test_several_threads_at_once(coq):
    names = [case.name for case in CASES if not case.header]
    with ThreadPoolExecutor(4) as threads:
        verdicts = list(
            threads.map(lambda name: coq.verify(BY_NAME[name].right[0], BY_NAME[name].problem), names)
        )
    assert [verdict.passed for verdict in verdicts] == [True] * len(names)


def test_the_version_says_what_a_verdict_may_hang_on():
    versions = [
        get("coq", options, bounds).version
        for options, bounds in [
            ({}, None),
            ({"axioms": ["classic"]}, None),
            ({"header": "Require Import Lia."}, None),
            ({}, Bounds(timeout_s=3)),
            ({}, Bounds(memory_mb=4096)),
        ]
    ]
    assert len(set(versions)) == 5
    assert all(";coq=8." in version or ";coq=9." in version for version in versions)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"axioms": "classic"}, "axioms isn't a list of names"),
        ({"axioms": [1]}, "axioms holds something that isn't a name"),
        ({"header": 1}, "header is not text"),
        ({"coqc": "x"}, "has no option 'coqc'"),
    ],
)
def test_options_out_of_range(options, says):
    with pytest.raises(ValueError, match=says):
        get("coq", options)


def test_nothing_is_lacking_here():
    assert get("coq", {}).lacks() is None


def test_without_coq_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert get("coq", {}).lacks() == ("coqc, Coq's, is not to be found", 'install Coq ("apt install coq")')


def test_a_container_holds_no_coq():
    lacks = get("coq", {}, Bounds(sandbox="container")).lacks()
    assert lacks is not None
    assert "which no container holds" in lacks[0]


def test_without_a_sandbox_where_the_sweep_says_so():
    verifier = get("coq", {}, Bounds(sandbox="none-i-trust-this-code"))
    assert verifier.verify("reflexivity.", {"name": "a", "statement": "1 = 1"}).passed is True
