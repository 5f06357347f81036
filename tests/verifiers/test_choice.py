"""Kind `choice`: which option an answer finally names."""

import pytest

from tests.verifiers.choice_cases import RULES
from verifiers.choice import Choice, final_letter

LETTERS = "ABCDEFGHIJ"
NAMED = [
    # statements
    ("The answer is (B).", "B"),
    ("The answer is **C**.", "C"),
    ("The answer is \\boxed{D}", "D"),
    ("so \\boxed{\\text{A}} it is", "A"),
    ("$\\boxed{(E)}$", "E"),
    ("Answer: A", "A"),
    ("Ans. B", "B"),
    ("Both end alike. Ans. (C)", "C"),
    ("That is my ans. A train leaves.", None),
    ("Answer: B\n\nBecause water boils at 100.", "B"),
    ("**Answer:** C", "C"),
    ("Final Answer: (J)", "J"),
    ("The correct option is B) Paris", "B"),
    ("The correct answer is: D. Lyon", "D"),
    ("I would choose option C because it fits.", "C"),
    ("The best choice is B", "B"),
    ("The answer is A because the sun is a star.", "A"),
    ("<answer>b</answer>", "B"),
    ("answer: d", "D"),
    ("the answer is c.", "C"),
    ("Therefore, the answer is:\n\nB", "B"),
    ("The answer is \\(\\textbf{C}\\)", "C"),
    # the last one counts
    ("At first the answer is A. No: the answer is B.", "B"),
    ("Option A is wrong. The answer is (C). Option D is wrong, too.", "C"),
    ("\\boxed{A} … I mean \\boxed{B}", "B"),
    ("<think>The answer is A.</think> Answer: C", "C"),
    # lines and parentheses
    ("B", "B"),
    (" c", "C"),
    ("(B)", "B"),
    ("Let me see.\n\n**D.**", "D"),
    ("(C) Paris", "C"),
    ("B. Paris", "B"),
    ("It must be (F), clearly", "F"),
    (" B\n\nQuestion: Which is big?\nAnswer: A", "B"),
    # nothing named, or too much
    ("", None),
    ("A train leaves the station.", None),
    ("I think so.", None),
    ("The answer is a prime number.", None),
    ("The answer is I think unclear", None),
    ("The answer is A or B.", None),
    ("The answer is both A and C", None),
    ("The answer is 42.", None),
    ("A) one\nB) two\nC) three", None),
    ("The answer is Z", None),
    ("Either (A) or (B)", None),
    ("the answer's Apple", None),
]


@pytest.mark.parametrize(("text", "letter"), NAMED)
def test_named(text, letter):
    assert final_letter(text, LETTERS) == letter


@pytest.mark.parametrize("rule", RULES)
def test_by_rule(rule):
    for text, letter in RULES[rule]:
        assert final_letter(text, LETTERS) == letter, text


@pytest.mark.parametrize(
    ("gold", "options", "letter"),
    [
        ("C", {}, "C"),
        ("(c)", {}, "C"),
        (2, {}, "C"),
        ("2", {}, "C"),
        (3, {"first_index": 1}, "C"),
        ("3", {"first_index": 1}, "C"),
    ],
)
def test_the_gold_is_a_letter_or_a_number(gold, options, letter):
    verifier = Choice(**options)
    verdict = verifier.verify(f"Answer: {letter}", {"answer": gold})
    assert (verdict.passed, verdict.answer) == (True, letter)
    assert verifier.verify("Answer: A", {"answer": gold}).passed is False


@pytest.mark.parametrize("gold", [None, "", "K", 10, -1, True, 1.0, ["A"], "Paris"])
def test_a_gold_that_is_no_option_is_no_verdict(gold):
    verdict = Choice().verify("Answer: A", {"answer": gold})
    assert verdict.passed is None
    assert "answer" in (verdict.reason or "")


def test_fewer_letters_are_other_answers():
    assert Choice(letters=4).verify("Answer: E", {"answer": "A"}).answer is None
    assert Choice(letters=4).version != Choice().version


def test_no_answer_is_wrong():
    verdict = Choice().verify("I don't know", {"answer": "A"})
    assert (verdict.passed, verdict.reason) == (False, "no option named in the answer")


@pytest.mark.parametrize("options", [{"letters": 1}, {"letters": True}, {"first_index": 2}, {"field": ""}])
def test_options_out_of_range(options):
    with pytest.raises(ValueError, match=f"verifier choice: {next(iter(options))} is"):
        Choice(**options)


@pytest.mark.parametrize(
    "piece",
    [
        "answer is ",
        "(",
        "the answer is the answer ",
        "\\boxed{",
        "A) ",
        "\n",
        "{[(",
        "B is ",
        "so it is ",
        "only A ",
        "答案",
    ],
)
def test_time_is_linear_in_hostile_text(piece):
    import time

    started = time.process_time()
    final_letter(piece * 20_000, LETTERS)
    assert time.process_time() - started < 2
