"""Kind `exact`: the whole answer, or its last line, is the gold text."""

from typing import Any

import pytest

from verifiers.exact import Exact

CASES = [
    # options, text, gold, passed
    ({}, "Paris", "Paris", True),
    ({}, " Paris \n", "Paris", True),
    ({}, "New  York", "New York", True),
    ({}, "paris", "Paris", False),
    ({}, "Paris.", "Paris", False),
    ({}, "It is Paris", "Paris", False),
    ({}, "\uff30aris", "Paris", True),
    ({}, "<think>Lyon?</think>\nParis", "Paris", True),
    ({}, "18", 18, True),
    ({}, "true", True, True),
    ({}, "Lyon", ["Paris", "Lyon"], True),
    ({}, "Nice", ["Paris", "Lyon"], False),
    ({}, "", "", True),
    ({"ignore_case": True}, "PARIS", "Paris", True),
    ({"ignore_punctuation": True}, "The Eiffel-Tower!", "eiffeltower", True),
    ({"ignore_punctuation": True}, "an apple.", "Apple", True),
    ({"ignore_space": False}, "Paris ", "Paris", False),
    ({"part": "last_line"}, "Let me think.\nParis\n\n", "Paris", True),
    ({"part": "last_line"}, "Paris\nor not", "Paris", False),
    ({"field": "gold"}, "x", "x", None),
]


@pytest.mark.parametrize(("options", "text", "gold", "passed"), CASES)
def test_equal(options, text, gold, passed):
    assert Exact(**options).verify(text, {"answer": gold}).passed is passed


@pytest.mark.parametrize("gold", [None, {}, [], ["a", None]])
def test_without_a_gold_text_there_is_no_verdict(gold):
    assert Exact().verify("a", {"answer": gold}).passed is None


def test_each_option_changes_the_version():
    options: list[dict[str, Any]] = [
        {},
        {"ignore_case": True},
        {"ignore_space": False},
        {"ignore_punctuation": True},
        {"part": "last_line"},
        {"field": "gold"},
    ]
    assert len({Exact(**stated).version for stated in options}) == len(options)


@pytest.mark.parametrize(
    "options", [{"part": "first"}, {"ignore_case": "yes"}, {"ignore_space": 1}, {"field": 3}]
)
def test_options_out_of_range(options):
    with pytest.raises(ValueError, match=f"verifier exact: {next(iter(options))} is"):
        Exact(**options)
