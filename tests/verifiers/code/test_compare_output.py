"""CodeContests' rule of equal outputs."""

import pytest

from verifiers.code.compare_output import outputs_match


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("3\n", "3"),
        ("YES", "yes"),
        ("  a\t\nb \r\n", "a b"),
        ("a\x0bb", "a b"),
        ("1.0", "1"),
        ("1", "1.000009"),
        ("0.30000000000000004", "0.3"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("+7", "007"),
        ("-0", "0"),
        ("inf", "INF"),
        ("nan", "NaN"),
        ("", "\n"),
        ("9" * 50_000, "9" * 50_000),
        ("0" + "9" * 50_000, "9" * 50_000),
    ],
)
def test_equal(output, expected):
    assert outputs_match(output, expected)
    assert outputs_match(expected, output)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("3 4", "3"),
        ("", "3"),
        ("12", "1 2"),
        ("1.00001", "1"),
        ("1000000000000000001", "1000000000000000000"),
        ("nan", "1"),
        ("inf", "1"),
        ("inf", "infinity"),
        ("-1", "1"),
        ("1_000", "1000"),
        ("٣", "3"),
        ("0x10", "16"),
        ("Ä", "ä"),
        ("1,5", "1.5"),
        ("9" * 50_000, "8" * 50_000),
        ("a b", "a\u00a0b"),
    ],
)
def test_not_equal(output, expected):
    assert not outputs_match(output, expected)
    assert not outputs_match(expected, output)
