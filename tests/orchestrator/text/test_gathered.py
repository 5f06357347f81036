"""What is said of several models in the same words is said once."""

from __future__ import annotations

from orchestrator.text.frontier_words import gathered


def test_the_same_words_once_in_the_order_of_the_first():
    warnings = ["a: few problems", "nothing is solved", "b: no price", "b: few problems", "nothing is solved"]
    assert gathered(warnings, ["a", "b"]) == ["a, b: few problems", "nothing is solved", "b: no price"]


def test_an_alias_that_begins_as_another_one():
    warnings = ["a: b: few problems", "a: few problems"]
    assert gathered(warnings, ["a", "a: b"]) == ["a: b, a: few problems"]


def test_words_that_only_look_like_a_models():
    assert gathered(["note: x", "a: x"], ["a"]) == ["note: x", "a: x"]
