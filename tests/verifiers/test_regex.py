"""Kind `regex`: what a pattern finds, or that a pattern with the gold in it is found."""

import pytest

from verifiers.regex import Regex

CASES = [
    # options, text, problem, passed, answer
    ({"pattern": r"#### (\d+)"}, "#### 1 then #### 18", {"answer": 18}, True, "18"),
    ({"pattern": r"#### (\d+)", "which": "first"}, "#### 1 then #### 18", {"answer": 18}, False, "1"),
    ({"pattern": r"\d+"}, "it is 18", {"answer": "18"}, True, "18"),
    ({"pattern": r"(\w+) = (\d+)", "group": 2}, "x = 4", {"answer": 4}, True, "4"),
    ({"pattern": r"(?P<n>\d+)kg", "group": "n"}, "4kg", {"answer": "4"}, True, "4"),
    ({"pattern": r"\w+"}, "paris", {"answer": "Paris"}, False, "paris"),
    ({"pattern": r"\w+", "ignore_case": True}, "paris", {"answer": "Paris"}, True, "paris"),
    ({"pattern": r"\d+", "field": "gold"}, "4", {"gold": [3, 4]}, True, "4"),
    (
        {"pattern": r"(?i)capital is {answer}\b"},
        "The Capital is Paris.",
        {"answer": "Paris"},
        True,
        "Capital is Paris",
    ),
    ({"pattern": r"^{answer}$"}, "aab", {"answer": "a+b"}, False, None),
    ({"pattern": r"^{answer}$"}, "a+b", {"answer": "a+b"}, True, "a+b"),
    ({"pattern": r"{a}|{b}"}, "two", {"a": "one", "b": "two"}, True, "two"),
    ({"pattern": r"\d{2}"}, "123", {"answer": "12"}, True, "12"),
    ({"pattern": r"x"}, "", {"answer": "x"}, False, None),
    ({"pattern": r"(a)|b"}, "b", {"answer": "a"}, False, None),
]


@pytest.mark.parametrize(("options", "text", "problem", "passed", "answer"), CASES)
def test_found(options, text, problem, passed, answer):
    verdict = Regex(**options).verify(text, problem)
    assert (verdict.passed, verdict.answer) == (passed, answer)


@pytest.mark.parametrize("pattern", [r"\d+", r"is {gold}"])
def test_a_problem_without_the_field_is_no_verdict(pattern):
    assert Regex(pattern=pattern).verify("it is 3", {"question": "?"}).passed is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "pattern is missing"),
        ({"pattern": "("}, "pattern does not compile"),
        ({"pattern": "x", "group": 1}, "the pattern has no such group"),
        ({"pattern": "x", "group": "n"}, "the pattern has no such group"),
        ({"pattern": "x", "group": 1.5}, "group is 1.5"),
        ({"pattern": "x", "which": "all"}, "which is 'all'"),
        ({"pattern": 3}, "pattern is missing"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ValueError, match=words):
        Regex(**options)
