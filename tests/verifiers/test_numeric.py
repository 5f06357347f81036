"""The numeric verifier on literal answers, on every GSM8K gold, on formatted numbers and on hostile text."""

import json
import re
import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.verifiers.cases import CASES
from tests.verifiers.numeric_cases import RULES
from verifiers.numbers.final_number import MAX_TEXT, final_number
from verifiers.numbers.parse import render
from verifiers.numeric import Numeric, parse_gold

DATA = Path(__file__).parents[2] / "../shared/data"


def gsm8k(name):
    path = DATA / f"gsm8k_{name}.jsonl"
    if not path.exists():
        pytest.skip(f"needs {path}: GSM8K's own file, not kept in the repository")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[ascii(text)[:60] for text, _ in CASES])
def test_final_number(text, expected):
    found = final_number(text)
    assert (render(found[0]) if found else None) == expected


def test_the_table_is_large_and_without_repeats():
    assert len(CASES) >= 120
    assert len({text for text, _ in CASES}) == len(CASES)


# --- GSM8K ---------------------------------------------------------------------------------------------------------

WORDINGS = (
    "{steps}\n#### {n}",
    "{steps} The answer is {n}.",
    "{steps}\n\n**Answer:** {n}",
    "{steps}\n\nTherefore, the final answer is $\\boxed{{{n}}}$.",
    "{steps}\n\n### Final answer\n\n**{n}**",
    "{steps}\n#### {n}\n\nQuestion: Ann has 3 pens and buys 4. How many?\nAnswer: 3 + 4 = 7\n#### 7",
    "<think>{steps} Or is it 12345?</think>\nShe gets {n}",
)


@pytest.mark.parametrize("wording", WORDINGS)
def test_every_gold_of_gsm8k_is_found_in_every_wording(wording):
    verifier = Numeric()
    for row in gsm8k("test"):
        steps, _, gold = row["answer"].rpartition("####")
        text = wording.format(steps=re.sub(r"<<.*?>>", "", steps).strip(), n=gold.strip())
        verdict = verifier.verify(text, row)
        assert verdict.passed is True, (text, verdict)


def test_a_wrong_number_is_never_taken_for_a_gold_of_gsm8k():
    verifier = Numeric()
    for row in gsm8k("test"):
        steps, _, gold = row["answer"].rpartition("####")
        wrong = int(gold.replace(",", "")) + 1
        for text in (
            f"{steps}#### {wrong:,}",
            f"{steps}The answer is {wrong}.",
            f"{steps}\\boxed{{{wrong}}}",
        ):
            assert verifier.verify(text, row).passed is False, text


def test_solutions_without_their_last_line_are_read_in_99_percent():
    """No marker at all: what is missed here are golds that the solution's own last sentence does not end in."""
    rows = gsm8k("test")
    right = sum(bool(Numeric().verify(row["answer"].rpartition("####")[0], row).passed) for row in rows)
    assert right >= 0.99 * len(rows)


def test_the_papers_rule_agrees_on_every_gold_solution():
    verifier = Numeric(rule="paper")
    assert all(verifier.verify(row["answer"], row).passed for row in gsm8k("test"))


# --- gold ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        (18, "18"),
        (-3, "-3"),
        (0, "0"),
        (18.0, "18"),
        (0.1, "0.1"),
        (1e21, "1000000000000000000000"),
        (Decimal("2.50"), "2.5"),
        (Fraction(1, 3), "1/3"),
        ("18", "18"),
        (" 18\n", "18"),
        ("1,234", "1234"),
        ("$1,234.50", "1234.5"),
        ("-10", "-10"),
        ("18 dollars", "18"),
        ("25%", "25"),
        ("3/4", "0.75"),
        ("1 1/2", "1.5"),
        ("\\frac{3}{4}", "0.75"),
        ("$\\frac{3}{4}$", "0.75"),
        ("9 * 2 = <<9*2=18>>18\n#### 18", "18"),
        ("#### 2,125", "2125"),
        ("#### 5 #### 18", "18"),
        ("so she makes $\\boxed{18}$ dollars", "18"),
        ("The answer is 18.", "18"),
        ("", None),
        ("x", None),
        ("3:30", None),
        ("yes", None),
        ("B", None),
        ("2x + 3", None),
        ("3, 4 and 5", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ([18], None),
        ({"value": 18}, None),
        ("9" * 5000, None),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_gold(gold, expected):
    found = parse_gold(gold)
    assert (render(found[0]) if found else None) == expected
    verdict = Numeric().verify("#### 18", {"answer": gold})
    assert (verdict.passed is None) == (expected is None)
    assert bool(verdict.reason) == (expected is None)


def test_a_problem_without_gold_has_no_verdict():
    assert Numeric().verify("#### 18", {"question": "?"}).reason == "the problem has no answer"
    assert Numeric().verify("#### 18", {"answer": None}).passed is None


# --- equality ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "gold", "passed"),
    [
        ("18.00", 18, True),
        ("36/2", 18, True),
        ("$18", "18 dollars", True),
        ("0.75", "3/4", True),
        ("25%", 25, True),
        ("25%", 0.25, True),
        ("25", "25%", True),
        ("The answer is 1.5 million", 1_500_000, True),
        ("The answer is 1.5 million", 1.5, True),
        ("3 dozen", 36, True),
        ("0.333", "1/3", False),
        ("0.333333333333333333333", "1/3", False),
        ("17.999999", 18, False),
        ("-18", 18, False),
        ("180", 18, False),
        ("1,8", 18, False),
        ("1.8", 18, False),
        ("100000000000000000001", 10**20, False),
        ("", 18, False),
        ("none", 18, False),
    ],
)
def test_equality_is_exact(text, gold, passed):
    assert Numeric().verify(text, {"answer": gold}).passed is passed


def test_the_answer_of_the_verdict_is_normalised():
    assert Numeric().verify("The answer is $1,234.50.", {"answer": 1234.5}).answer == "1234.5"
    assert Numeric().verify("#### 1/3", {"answer": 5}).answer == "1/3"
    assert Numeric().verify("nothing", {"answer": 5}).answer is None


@pytest.mark.parametrize(
    ("tolerance", "text", "gold", "passed"),
    [
        (0.005, "33.3333", "33.33", True),
        (0.005, "33.34", "33.33", False),
        ("0.01", "33.34", "33.33", True),
        ("1%", "99", 100, True),
        ("1%", "98.9", 100, False),
        ("1%", "-99", -100, True),
        (1, "19", 18, True),
    ],
)
def test_tolerance(tolerance, text, gold, passed):
    assert Numeric(tolerance=tolerance).verify(text, {"answer": gold}).passed is passed


@pytest.mark.parametrize(
    ("text", "gold", "passed", "answer"),
    [
        ("#### 18", "x\n#### 18", True, "18"),
        ("#### $1,800.", "#### 1800", True, "1800"),
        ("#### 18\nQuestion: …\n#### 7", "#### 18", True, "18"),
        ("#### 7\n#### 18", "#### 18", False, "7"),
        ("#### 18.00", "#### 18", False, "18.00"),
        ("The answer is 18.", "#### 18", False, None),
        ("####18", "#### 18", False, None),
        ("#### 18", 18, True, "18"),
        ("#### -3", "#### -3", True, "-3"),
    ],
)
def test_the_papers_rule(text, gold, passed, answer):
    verdict = Numeric(rule="paper").verify(text, {"answer": gold})
    assert (verdict.passed, verdict.answer) == (passed, answer)


def test_the_papers_rule_needs_a_gold_number():
    assert Numeric(rule="paper").verify("#### 18", {"answer": "yes"}).passed is None


# --- formatted numbers ---------------------------------------------------------------------------------------------

FORMATS: tuple[Callable[[int], str], ...] = (
    lambda n: f"{n}",
    lambda n: f"{n:,}",
    lambda n: f"{n:_}",
    lambda n: f"{n}.00",
    lambda n: f"{n}.",
    lambda n: f"{n:,} dollars",
    lambda n: f"**{n:,}**",
    lambda n: f"{n:,}".replace(",", "\u202f"),
    lambda n: f"{n:,}".replace(",", "{,}"),
    lambda n: f"{n:,}".replace(",", "\\,"),
    lambda n: f"{n}".replace("-", "\u2212"),
    lambda n: f"{n}%",
)
PLACES = ("#### {}", "The answer is {}", "so it is \\boxed{{{}}}", "Answer: {}", "2 + 2 = 4\nIn the end: {}")


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**15), 10**15), st.sampled_from(FORMATS), st.sampled_from(PLACES))
def test_any_formatted_integer_is_found_again(number, style, place):
    text = place.format(style(number))
    assert final_number(text)[:1] == (Fraction(number),), text


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-(10**9), 10**9),
    st.integers(1, 6),
    st.sampled_from(("{}", "${}", "{} miles")),
    st.sampled_from(PLACES),
)
def test_any_formatted_decimal_is_found_again(number, places, style, place):
    value = Fraction(number, 10**places)
    written = f"{Decimal(number).scaleb(-places):,f}"
    text = place.format(style.format(written).replace("$-", "-$"))
    assert final_number(text)[:1] == (value,), text


@settings(max_examples=200, deadline=None)
@given(st.integers(-999, 999), st.integers(1, 999), st.sampled_from(("{}/{}", "\\frac{{{}}}{{{}}}")))
def test_any_fraction_is_found_again(top, bottom, style):
    written = style.format(abs(top), bottom)
    text = f"\\boxed{{{'-' if top < 0 else ''}{written}}}"
    assert final_number(text) == (Fraction(top, bottom),), text


@settings(max_examples=200, deadline=None)
@given(st.fractions())
def test_render_is_read_back(value):
    assert final_number(f"#### {render(value)}") == (value,)


# --- hostile text --------------------------------------------------------------------------------------------------


@settings(max_examples=600, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*"0123456789.,-+*/=^${}()[]\\#%:_'<>|\n xeE", "####", "\\boxed{", "\\frac", "the answer is ", "Answer:",
             "**", "<<", ">>", "</think>", "\nQuestion:", "×", "½", "²", "−", "10^", " million", "minus ", "٣",
             "\ud800"]
        )
    ).map("".join)
    | st.text()
)  # fmt: skip
@example("\ud800#### 18")
def test_no_text_raises(text):
    for verifier in (Numeric(), Numeric(rule="paper")):
        verdict = verifier.verify(text, {"answer": 18})
        assert verdict.passed in (True, False)
        assert verdict.answer is None or len(verdict.answer) <= 201


@settings(max_examples=200, deadline=None)
@given(st.text() | st.integers() | st.floats() | st.none() | st.lists(st.integers()))
def test_no_gold_raises(gold):
    for verifier in (Numeric(), Numeric(rule="paper")):
        assert verifier.verify("#### 18", {"answer": gold}).passed in (True, False, None)


HOSTILE = [
    "9", "9,", "9.", "1 ", "9/", "-", "$", "#", "####", "#### ", "#### 1", "\\boxed{", "{", "}", "\\frac{", "<<", "<",
    "answer ", "answer is ", "answer is 1 + ", "Answer: 9 + ", "the answer to ", "step 1 ", "1 + ", "1 = ", "1 1/",
    "(1", "\n", "\n1", "\n1. a", "**", "**1", "**1**", "\nQuestion: ", "\nQuestion: answer is 9*", "e9", "1e9",
    "1e999", "1:", "1^", "√1", "\\text{", "\\sqrt{", "minus 1 ", "and a half ", "½", "</think>1",
    " dollars and 1 cents", "one ",
    "twenty ", "_", "__", "~", "[", "|", "\\", "\\\\", "x = ", "a b c = 1 ", "1 apples - 1 ", "#### 2. x\n", "&nbsp;",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_a_long_hostile_text_is_judged_quickly(piece):
    """Three times the text that is looked at, made of one piece. The worst takes a second here."""
    text = piece * (3 * MAX_TEXT // len(piece))
    for verifier in (Numeric(), Numeric(rule="paper")):
        began = time.process_time()
        assert verifier.verify(text, {"answer": 18}).passed is not None
        assert time.process_time() - began < 4


def test_only_the_end_of_a_very_long_text_counts():
    assert Numeric().verify("blah 7 " * 1_000_000 + "\n#### 18", {"answer": 18}).passed is True


# --- options -------------------------------------------------------------------------------------------------------


def test_the_version_tells_the_options_apart():
    versions = {
        Numeric().version,
        Numeric(rule="paper").version,
        Numeric(tolerance=1).version,
        Numeric(tolerance="1%").version,
        Numeric(tolerance=0.01).version,
        Numeric(field="gold").version,
    }
    assert len(versions) == 6
    assert Numeric(tolerance=0.01).version == Numeric(tolerance="1/100").version


def test_field_names_where_the_gold_is():
    assert Numeric(field="gold").verify("18", {"answer": 3, "gold": 18}).passed is True


@pytest.mark.parametrize(
    "options",
    [
        {"rule": "lenient"},
        {"rule": 3},
        {"tolerance": -1},
        {"tolerance": "a lot"},
        {"tolerance": True},
        {"tolerance": float("nan")},
        {"tolerance": float("inf")},
        {"tolerance": "1/0"},
        {"tolerance": [1]},
        {"field": ""},
        {"field": 3},
        {"rule": "paper", "tolerance": 1},
    ],
    ids=str,
)
def test_an_option_out_of_range_is_one_clear_line(options):
    with pytest.raises(ValueError, match="verifier numeric: ") as error:
        Numeric(**options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("rule", RULES)
def test_whole_answers(rule):
    for gold, text, right in RULES[rule]:
        verdict = Numeric().verify(text, {"answer": gold})
        assert verdict.passed is right, (gold, text, verdict)


ASKED = "John has 10 cookies and eats 4. How many cookies does he have left?"
GOES_ON = [  # without a mark and without a question: about somebody of whom the question doesn't speak
    ("6", "So he has 6 cookies.\n\nJane has 12 apples. She buys 4 more.\nShe has 16 apples.", True),
    ("16", "So he has 6 cookies.\n\nJane has 12 apples. She buys 4 more.\nShe has 16 apples.", False),
    ("6", "10 - 4 = 6\n\nJane has 12 apples. She buys 4 more.\nShe has 16 apples.", True),
    ("6", "#### 6\n\nJane has 12 apples. She buys 4 more.\n#### 16", True),
    ("6", "The answer is 6.\n\nA train travels 60 miles an hour for 2 hours.\nThe answer is 120.", True),
    ("6", "So it's 6.\n\nTom and Ann have 12 pens. They buy 4 more.\nThey have 16.", True),
    ("6", "John has 10.\n\nJohn has eaten 4 of them.\n\nSo he has 6.", True),
    ("6", "So 10 at first.\n\nA cookie is eaten 4 times: 10 - 4 = 6", True),
    ("6", "So 10 at first.\n\nEating is taking 4 away: 10 - 4 = 6", True),
    ("6", "So he has 10.\n\nWe are to take 4 away.\n\n10 - 4 = 6", True),
]


@pytest.mark.parametrize(("gold", "text", "right"), GOES_ON)
def test_a_problem_about_somebody_else_is_not_read(gold, text, right):
    assert Numeric().verify(text, {"answer": gold, "question": ASKED}).passed is right
