"""Kind `lean` against a stand-in that speaks the REPL's protocol: what counts, what is refused, and every fault."""

import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from verifiers.proofs.lean.kind import Lean
from verifiers.proofs.process_use import usage
from verifiers.registry import get
from verifiers.types import Bounds

PROJECT = Path(__file__).with_name("lean_project")
PYTHON = str(Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}").resolve())
pytestmark = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="needs bubblewrap (apt install bubblewrap)"
)

FOUR = {
    "id": "mathd_four",
    "header": "import Mathlib\n\nopen Nat",
    "formal_statement": "theorem mathd_four\n  (x : ℕ) (h₀ : x = 3) :\n  2 + 2 = 4 := sorry",
}
FALSE = {"header": "", "formal_statement": "theorem wrong : 2 + 2 = 5 := by\n"}


def lean(timeout_s: float = 20, memory_mb: int = 1024, **options) -> Lean:
    verifier = get(
        "lean",
        {"project": str(PROJECT), "repl": [PYTHON, "-I", "repl.py"], **options},
        Bounds(timeout_s=timeout_s, memory_mb=memory_mb),
    )
    assert isinstance(verifier, Lean)
    return verifier


@pytest.fixture(scope="module")
def warm():
    verifier = lean()
    yield verifier
    verifier.close()


WHOLE = "theorem mathd_four (x : ℕ) (h₀ : x = 3) : 2 + 2 = 4 := by"


@pytest.mark.parametrize(
    "text",
    [
        "norm_num",
        "  norm_num\n",
        "by norm_num",
        ":= by\n  norm_num",
        "```lean4\nnorm_num\n```",
        f"```lean\n{WHOLE}\n  norm_num\n```",
        f"Let me think.\n```lean4\nimport Mathlib\nopen Nat\n{WHOLE}\n  norm_num\n```\nDone.",
        f"```lean4\n{WHOLE}\n  fails\n```\nNo, rather:\n```lean4\n{WHOLE}\n  norm_num\n```",
        f"```lean4\nlemma helper : 1 + 1 = 2 := by norm_num\n{WHOLE}\n  norm_num\n```",
        "<think>```lean\nsorry\n```</think>```lean\nnorm_num\n```",
        "  norm_num -- no sorry here\n",
        "  /- no axiom, no /- nested -/ sorry -/ norm_num",
        "  norm_num\n\ntheorem another : 1 = 2 := by\n  sorry",
        "  norm_num\n```\nWrite a proof of the next:\n",
        "  classical\n  norm_num",
    ],
)
def test_what_counts(warm, text):
    verdict = warm.verify(text, FOUR)
    assert (verdict.passed, verdict.reason) == (True, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("linarith", "Lean refuses it: line 1: unsolved goals ⊢ 2 + 2 = 5"),
        ("", "no proof in the answer"),
        ("```lean\ntheorem wrong : 2 + 2 = 4 := by norm_num\n```", "no proof of the statement: line 1: type mismatch"),
        ("```lean\ntheorem other : 2 + 2 = 4 := by norm_num\n```", "Lean refuses it"),
        ("```lean\nnamespace A\ntheorem wrong : 2 + 2 = 4 := by norm_num\nend A\n```", "unknown identifier 'wrong'"),
        ("```lean\nnamespace A\ntheorem wrong : 2 + 2 = 5 := by norm_num\n```", "unsolved goals"),
        ("decide +native_decide", "uses native_decide, which no proof may"),
        ("x" * 200_001, "longer than 200,000 characters"),
    ],
)  # fmt: skip
def test_what_does_not(warm, text, says):
    verdict = warm.verify(text, FALSE)
    assert verdict.passed is False
    assert says in verdict.reason


CHEATS = {
    "sorry": "sorry",
    "sorry in a term": "exact (sorry : _)",
    "sorry split by a comment": "so/- -/rry\n  sorry",
    "sorryAx": "exact sorryAx _",
    "admit": "admit",
    "an axiom": "```lean\naxiom no : False\ntheorem wrong : 2 + 2 = 5 := no.elim\n```",
    "native_decide": "native_decide",
    "the compiler's axiom": "exact Lean.ofReduceBool _ _ rfl",
    "a macro": '```lean\nmacro "norm_num" : tactic => `(tactic| trivial)\ntheorem wrong : 2 + 2 = 5 := rfl\n```',
    "macro rules for #print axioms": "macro_rules | `(#print axioms $x) => `(#print $x)",
    "a command of its own": "elab_rules : command | `(theorem $n : $t := $v) => pure ()",
    "a notation": "local notation \"5\" => 4",
    "an infix": "infixl:65 \" + \" => fun a b => a",
    "syntax": "syntax \"theorem\" ident : command",
    "eval": "#eval IO.println \"{}\"",
    "eval with a bang": "norm_num #eval! 1",
    "exit": "norm_num #exit",
    "run_cmd": "run_cmd pure ()",
    "run_tac": "run_tac do pure ()",
    "a program": "by_elab return default",
    "unsafe": "unsafe def f : False := f",
    "implemented_by": "@[implemented_by foo] def f := 1",
    "extern": "@[extern \"f\"] def f := 1",
    "no kernel": "set_option debug.skipKernelTC true in theorem x : 1 = 1 := rfl",
    "an option that changes what is printed": "set_option pp.all true",
    "a command's elaborator": "@[command_elab Foo] def f := 1",
    "an attribute of unknown effect": "attribute [builtin_command_parser] foo",
    "initialize": "initialize foo : Nat ← pure 1",
    "messages hidden": "#guard_msgs in theorem x : 1 = 2 := rfl",
    "an import": "norm_num; import Evil",
    "a name in guillemets that hides a comment": "«a -- b» ; norm_num",
    "an interpolated string": "trace s!\"{x}\"",
    "a raw string": 'foo r"/-" sorry',
    "a character that looks like a string": "have := '\"' ; sorry -- '\"'",
    "opening Lean": "open Lean Meta",
}  # fmt: skip


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_refused_unread(warm, name):
    verdict = warm.verify(CHEATS[name], FALSE)
    assert verdict.passed is False
    assert verdict.reason.startswith("uses ")
    assert verdict.reason.endswith(", which no proof may")


@pytest.mark.parametrize(
    "text",
    [
        "norm_num [Nat.prefix_sum]",
        "set_option maxHeartbeats 400000 in\n  norm_num",
        'norm_num -- the "obvious" -- way',
        "simp only [List.getElem_cons]; norm_num; exact #[1, 2]",
        "norm_num [Set.include, section_end, foo.end]",
    ],
)
def test_what_only_looks_like_one_is_not(warm, text):
    assert warm.verify(text, FOUR).passed is True


def test_an_axiom_that_is_not_allowed(warm):
    strict = lean(axioms=["propext"])
    assert strict.verify("classical\n  norm_num", FOUR).reason == "rests on Classical.choice, Quot.sound"
    strict.close()


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        ({}, "the problem has no formal_statement as text"),
        ({"formal_statement": "2 + 2 = 4"}, "no name that could be one's"),
        ({"formal_statement": "theorem a : undefined = 1 := sorry"}, "Lean does not take the statement"),
        (
            {"formal_statement": "theorem a : 1 = 1 := sorry", "header": "import Nowhere"},
            "does not take the header",
        ),
    ],
)
def test_a_problem_that_cannot_be_asked_is_not_the_answers_fault(warm, problem, says):
    verdict = warm.verify("rfl", problem)
    assert verdict.passed is None
    assert says in verdict.reason


def test_problems_that_cannot_be_asked_are_refused_before_anything_is_bought(warm):
    assert warm.lacks_for([FOUR, FALSE]) is None
    lack = warm.lacks_for([FOUR, {"id": "odd", "formal_statement": "theorem a : undefined = 1 := sorry"}, {}])
    assert lack is not None
    message, remedy = lack
    assert (
        "the statements of 2 problems can't be judged (the first, odd: Lean does not take the statement"
        in message
    )
    assert "leave them out" in remedy
    many = warm.lacks_for([{"formal_statement": f"theorem a : undefined = {n} := sorry"} for n in range(50)])
    assert many is not None
    assert "of at least 20 problems" in many[0]


def test_a_repl_that_does_not_answer_is_said_once():
    gone = lean(repl=[PYTHON, "-I", "nothing.py"])
    lack = gone.lacks_for([FOUR] * 3)
    assert lack is not None
    assert lack[0].startswith("Lean's REPL does not answer at problem mathd_four: ")


LOCAL = {
    "a variable": "variable (wrong : 2 + 2 = 5)",
    "an instance": "variable [wrong : 2 + 2 = 5]",
    "an included one": "variable {wrong : 2 + 2 = 5}\ninclude wrong",
    "in a section left open": "section A\nvariable (wrong : 2 + 2 = 5)",
    "in the outer of two sections": "section A\nsection B\nend B\nvariable (wrong : 2 + 2 = 5)",
    "in a namespace of two names": "namespace A.B\nend B\nvariable (wrong : 2 + 2 = 5)",
    "in the old spelling": "variables (wrong : 2 + 2 = 5)",
}  # fmt: skip


@pytest.mark.parametrize("name", LOCAL)
def test_variables_left_in_scope_are_refused_unread(warm, name):
    verdict = warm.verify(f"```lean\ntheorem wrong : 2 + 2 = 4 := by norm_num\n{LOCAL[name]}\n```", FALSE)
    assert verdict.passed is False
    assert verdict.reason in ("uses variable, which no proof may", "uses include, which no proof may",
                              "uses variables, which no proof may")  # fmt: skip


def resting(verifier: Lean) -> list[int]:
    return [warm.repl._child.pid for warm in verifier._pool._resting]


def test_the_repl_is_kept_warm(warm):
    warm.verify("norm_num", FOUR)
    before = resting(warm)
    warm.verify("norm_num", FOUR)
    assert resting(warm) == before


def test_a_text_that_uses_up_its_time_is_wrong_and_the_next_goes_on():
    verifier = lean(timeout_s=0.5)
    assert verifier.verify("hang", FOUR).reason == "past its limit of 0.5 s"
    assert verifier.verify("norm_num", FOUR).passed is True
    verifier.close()


@pytest.mark.parametrize(
    ("tactic", "says"),
    [
        ("crash", "Lean dies of it: signal 6: Stack overflow detected. Aborting."),
        ("flood", "it answers without end"),
    ],
)
def test_a_text_that_kills_lean_twice_is_wrong(tactic, says):
    verifier = lean()
    verdict = verifier.verify(tactic, FOUR)
    assert (verdict.passed, verdict.reason) == (False, says)
    assert verifier.verify("norm_num", FOUR).passed is True
    verifier.close()


def test_a_repl_worn_out_by_an_earlier_text_costs_no_answer():
    verifier = lean()
    assert verifier.verify("wear\n  norm_num", FALSE).passed is False
    assert verifier.verify("norm_num", FOUR).passed is True
    verifier.close()


def test_a_repl_that_died_at_rest_costs_no_answer():
    verifier = lean()
    verifier.verify("norm_num", FOUR)
    (pid,) = resting(verifier)
    os.kill(pid, signal.SIGKILL)
    assert verifier.verify("norm_num", FOUR).passed is True
    verifier.close()


def test_a_repl_that_grew_is_started_anew():
    verifier = lean(memory_mb=512)
    verifier.verify("norm_num", FOUR)
    first = resting(verifier)
    assert verifier.verify("grow\n  norm_num", FOUR).passed is True
    assert resting(verifier) == []
    assert verifier.verify("norm_num", FOUR).passed is True
    assert resting(verifier) != first
    verifier.close()


def test_what_breaks_the_protocol_is_no_verdict():
    verifier = lean()
    verdict = verifier.verify("garbage", FOUR)
    assert verdict.passed is None
    assert "other than JSON" in (verdict.reason or "")
    verifier.close()


def test_each_thread_has_a_repl_of_its_own_and_none_is_left():
    verifier = lean()
    with ThreadPoolExecutor(3) as threads:
        verdicts = list(threads.map(lambda _: verifier.verify("norm_num", FOUR), range(12)))
    assert [verdict.passed for verdict in verdicts] == [True] * 12
    pids = resting(verifier)
    assert 1 <= len(pids) <= 3
    assert len(set(pids)) == len(pids)
    time.sleep(0.3)  # the threads that verified are gone; a sandbox dies with the thread that started it
    assert verifier.verify("norm_num", FOUR).passed is True
    assert set(resting(verifier)) == set(pids)
    verifier.close()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_process_counts_with_all_below_it():
    verifier = lean(memory_mb=2048)
    verifier.verify("grow\n  norm_num", FOUR)
    (pid,) = resting(verifier)
    use = usage(pid)
    assert use.anonymous_mb > 290
    assert use.cpu_s is not None
    assert use.cpu_s > 0
    verifier.close()


def test_what_is_lacking_is_said(tmp_path):
    assert lean().lacks() is None
    assert "is no folder" in (lean(project=str(tmp_path / "none")).lacks() or ("",))[0]
    assert "lake-of-nowhere" in (lean(repl=["lake-of-nowhere", "exe"]).lacks() or ("",))[0]
    gone = lean(repl=[PYTHON, "-I", "nothing.py"]).verify("rfl", FOUR)
    assert gone.passed is None
    assert "exit status 2" in (gone.reason or "")


def test_the_project_is_taken_from_the_sweeps_folder():
    bounds = Bounds(folder=str(PROJECT.parent))
    verifier = get("lean", {"project": "lean_project", "repl": [PYTHON, "-I", "repl.py"]}, bounds)
    assert verifier.verify("norm_num", FOUR).passed is True
    verifier.close()


def test_the_version_says_what_a_verdict_may_hang_on(tmp_path):
    one, two = lean(), lean(axioms=["propext"])
    assert one.version.startswith("2;lean=leanprover/lean4:v4.9.0;")
    assert len({one.version, two.version, lean(timeout_s=3).version, lean(header="open Nat").version,
                lean(project=str(tmp_path)).version}) == 5  # fmt: skip


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"repl": []}, "repl isn.t a command"),
        ({"repl": "lake exe repl"}, "repl isn't a list of names"),
        ({"project": 3}, "project is not text"),
        ({"lake": "x"}, "has no option 'lake'"),
    ],
)
def test_options_out_of_range(options, says):
    with pytest.raises(ValueError, match=says):
        get("lean", options)
