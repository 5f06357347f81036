"""The math verifier: known traps, where the answer is looked for, and text that means harm."""

import time

import pytest

pytest.importorskip("math_verify", reason="needs the extra math")

from tests.verifiers.math.math_cases import CASES, TRAPS
from tests.verifiers.math.setting_cases import RULES as SET
from tests.verifiers.math.spelling_cases import COPIED, FINAL, RULES, UNBOXED
from verifiers.math.final_answer import MAX_ANSWER
from verifiers.math.kind import Math, gold_text
from verifiers.math.symbolic import library_version
from verifiers.registry import get


def passed(text: str, gold: object, question: str = "") -> bool | None:
    return Math().verify(text, {"answer": gold, "question": question}).passed


@pytest.mark.parametrize("trap", TRAPS)
def test_the_known_traps(trap):
    for gold, answer, same in TRAPS[trap]:
        verdict = Math().verify(f"So it is $\\boxed{{{answer}}}$.", {"answer": gold})
        assert verdict.passed is same, (gold, answer, verdict)


@pytest.mark.parametrize("rule", [*RULES, *SET])
def test_ways_of_writing(rule):
    for gold, answer, same in (RULES | SET)[rule]:
        verdict = Math().verify(f"So it is $\\boxed{{{answer}}}$.", {"answer": gold})
        assert verdict.passed is same, (gold, answer, verdict)


def test_answers_may_have_to_be_worked_out():
    for gold, answer, same in FINAL:
        verdict = Math(form="final").verify(f"\\boxed{{{answer}}}", {"answer": gold})
        assert verdict.passed is same, (gold, answer, verdict)
    assert Math(form="final").version.endswith(";form=final")
    with pytest.raises(ValueError, match="verifier math: form is 'lax'"):
        Math(form="lax")


def test_the_questions_own_formula_answers_nothing():
    for question, gold, answer, right in COPIED:
        verdict = Math().verify(f"\\boxed{{{answer}}}", {"answer": gold, "question": question})
        assert verdict.passed is right, (question, gold, answer, verdict)


def test_fractions_without_a_box():
    for gold, text, right in UNBOXED:
        assert passed(text, gold) is right, (gold, text)


def test_what_has_no_end_of_digits_is_wrong_within_50_milliseconds():
    for gold, answer, _ in RULES["what has no end of digits is wrong at once"]:
        text = f"\\boxed{{{answer}}} "
        began = time.process_time()
        assert passed(text, gold) is False
        assert time.process_time() - began < 0.05, answer


def test_the_table_is_large_and_without_repeats():
    assert len(CASES) >= 250
    assert len({(gold, answer) for gold, answer, _ in CASES}) == len(CASES)
    assert 100 <= sum(same for _, _, same in CASES) <= len(CASES) - 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$x = \boxed{2}$, no, $x = \boxed{7}$.", True),
        (r"$x = \boxed{7}$, no, $x = \boxed{2}$.", False),
        (r"\boxed{7}, \boxed{2}", False),
        (r"\boxed{2}\n\boxed{7}".replace("\\n", "\n"), False),
        (r"\boxed{2} \text{ or } \boxed{7}", False),
        (r"The first is $\boxed{2}$ and so the second is $\boxed{7}$.", True),
        (r"$x = \boxed{2}$ or $x = \boxed{7}$", False),
        (r"\boxed{7", True),
        (r"\boxed{x = 7}", True),
        (r"$\boxed{\boxed{7}}$", True),
        (r"\boxed 7", True),
        (r"\fbox{7}", True),
        (r"<think>\boxed{7}</think> It is \boxed{2}.", False),
        (r"<think>\boxed{2}</think> It is \boxed{7}.", True),
        ("Final Answer: The final answer is $7$. I hope it is correct.", True),
        ("So $\\boxed{2}$.\nFinal Answer: The final answer is $7$. I hope it is correct.", True),
        (
            "The final answer is 7. I hope it is correct.\n\nProblem:\nWhat is 1+1?\n\nSolution:\n$\\boxed{2}$",
            True,
        ),
        ("It is $\\boxed{7}$.\n\nProblem:\nWhat is 1+1?\n\nSolution: $\\boxed{2}$", True),
        ("The answer is 7.", True),
        ("The answer is $7$ apples.", True),
        ("**Answer:** 7", True),
        ("#### 7", True),
        ("A: 7", True),
        ("<answer>7</answer>", True),
        ("1, 2, 3, 4, 5, 6, 7", False),
        ("The answer is 2 or 7.", False),
        ("\\boxed{}", False),
        ("I do not know.", False),
        ("", False),
    ],
)
def test_where_the_answer_is_looked_for(text, expected):
    assert passed(text, "7") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"The answer is $2\sqrt{3}$.", True),
        (r"Thus the answer is: \(2\sqrt{3}\)", True),
        (r"Answer: $\sqrt{12}$", True),
        (r"#### 2\sqrt{3}", True),
        ("Adding up,\nwe get $x = 2\\sqrt{3}$.", True),
        ("It is $2\\sqrt{3}$ or $3\\sqrt{2}$.", False),
        ("It is $3\\sqrt{2}$, $2\\sqrt{3}$", False),
        (r"First $2\sqrt{3}$, but then it is $3\sqrt{2}$.", False),
        (r"2\sqrt{3}", True),
    ],
)
def test_formulas_without_a_box(text, expected):
    assert passed(text, r"2\sqrt{3}") is expected


def test_a_formula_of_the_question_is_no_answer():
    question = r"Factor $x^2-1$ completely."
    assert passed(r"\boxed{x^2 - 1}", "(x-1)(x+1)", question) is False
    assert passed(r"\boxed{(x+1)(x-1)}", "(x-1)(x+1)", question) is True
    assert passed(r"\boxed{x^2 - 1}", "(x-1)(x+1)", "Factor it.") is True
    assert passed(r"\boxed{x^2-1}", "x^2-1", question) is True
    assert passed(r"\boxed{\frac{2}{4}}", r"\frac{1}{2}", r"Reduce $\frac{2}{4}$.") is False
    assert passed(r"\boxed{8}", "8.0", "Which of $8$ and $9$ is even?") is True


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (18, "18"),
        (0.5, "0.5"),
        ("#### 18", "18"),
        (r"So $\boxed{\frac{1}{2}}$ it is.", r"\frac{1}{2}"),
        ("even", "even"),
        (True, None),
        (None, None),
        (" ", None),
        (["1"], None),
    ],
)
def test_what_a_gold_may_be(value, expected):
    assert gold_text(value) == expected


def test_a_gold_that_cannot_be_read_is_no_verdict():
    verdict = Math().verify(r"\boxed{5}", {"answer": r"\frac{}{3b}"})
    assert verdict.passed is None
    assert verdict.reason is not None
    assert "can't be read" in verdict.reason
    assert passed(r"\boxed{\frac{}{3b}}", r"\frac{}{3b}") is True
    assert passed(r"\boxed{5}", None) is None


def test_answers_are_kept_in_one_way_of_writing():
    def kept(text: str) -> str | None:
        return Math().verify(text, {"answer": "1"}).answer

    assert kept(r"\boxed{\dfrac{1}{2}}") == kept(r"\boxed{0.50}") == kept("The answer is 1/2.") == "0.5"
    assert kept(r"\boxed{\left( 1,\ 2 \right)}") == kept(r"\boxed{(1,2)}")
    assert kept(r"\boxed{\text{Even.}}") == "even"


HOSTILE = {
    "tower": r"\boxed{9^{9^{9^{9^{9}}}}}",
    "tower in a sum": r"\boxed{\sqrt{2} + 0 \cdot 9^{9^{9^9}}}",
    "long power": r"\boxed{x^{999999999}}",
    "factorial": r"\boxed{999999999!}",
    "double factorials": r"\boxed{9!!!!!!!}",
    "sum": r"\boxed{\sum_{k=1}^{10^{9}} \frac{1}{k}}",
    "long number": "\\boxed{" + "9" * 1_900 + "}",
    "long answer": "\\boxed{" + "x+" * 5_000 + "x}",
    "deep brackets": "\\boxed{" + "(" * 900 + "1" + ")" * 900 + "}",
    "deep braces": "\\boxed{" + "{" * 900 + "1" + "}" * 900 + "}",
    "deep fractions": "\\boxed{" + "\\frac{1}{" * 60 + "2" + "}" * 60 + "}",
    "many boxes": "\\boxed{1}" * 7_000,
    "open boxes": "\\boxed{" * 9_000,
    "dollars": "$" * 60_000,
    "answers": "answer " * 9_000,
    "answer is": "the answer is " * 4_000,
    "final answers": "final answer is " * 4_000,
    "blanks": "\\boxed{1}" + " " * 60_000 + "\\boxed{2}",
    "backslashes": "\\" * 60_000,
    "many parts": "\\boxed{" + ",".join("12" * 1 for _ in range(600)) + "}",
    "zero division": r"\boxed{\frac{1}{0}}",
    "nan": r"\boxed{\frac{0}{0}}",
    "controls": "\\boxed{\x00\x01\x02}",
    "surrogate": "\\boxed{\ud800}",
    "code": r"\boxed{__import__('os').system('true')}",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("gold", [r"\sqrt{2}", "7", r"\text{even}", r"(1, 2)"])
def test_hostile_text_is_wrong_and_quick(name, gold):
    begun = time.process_time()
    verdict = Math().verify(HOSTILE[name], {"answer": gold})
    assert verdict.passed is False, verdict
    assert len(verdict.answer or "") <= 200
    assert time.process_time() - begun < 5


def test_an_overlong_answer_is_none():
    verdict = Math().verify("\\boxed{" + "x" * (MAX_ANSWER + 1) + "}", {"answer": "x"})
    assert verdict.passed is False
    assert verdict.reason is not None
    assert "more than" in verdict.reason


def test_the_library_is_in_the_version():
    verifier = get("math", {})
    assert verifier.isolation == "worker"
    assert verifier.lacks() is None
    assert verifier.version == f"2;math-verify={library_version()}"
    assert get("math", {"field": "gold"}).version.endswith(";field=gold")
    assert get("math", {"field": "gold"}).verify(r"\boxed{7}", {"gold": 7}).passed is True


def test_an_option_out_of_range_is_refused():
    with pytest.raises(ValueError, match="field"):
        get("math", {"field": ""})
