"""Verifiers by kind."""

import pytest

from verifiers.registry import KINDS, get


def test_numeric_is_known():
    assert "numeric" in KINDS
    verifier = get("numeric", {})
    assert (verifier.kind, verifier.verify("#### 18", {"answer": "#### 18"}).passed) == ("numeric", True)


def test_options_reach_the_verifier():
    assert get("numeric", {"rule": "paper"}).verify("18", {"answer": 18}).passed is False


def test_an_unknown_kind_names_the_known():
    with pytest.raises(ValueError, match=r"unknown verifier 'numerc'.*numeric"):
        get("numerc", {})


def test_an_unknown_option_names_the_known():
    with pytest.raises(ValueError, match=r"numeric has no option 'tolerence'.*tolerance"):
        get("numeric", {"tolerence": 1})


def test_an_option_out_of_range_is_refused():
    with pytest.raises(ValueError, match="rule is 'x'"):
        get("numeric", {"rule": "x"})


NEEDED = {
    "regex": {"pattern": "x"},
    "python": {"call": "json:loads"},
    "command": {"command": ["true"]},
    "judge": {"model": "m"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_version(kind):
    assert get(kind, NEEDED.get(kind, {})).version
