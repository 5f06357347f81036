"""CodeContests' rule of equal outputs."""

import random
import time

import pytest

from verifiers.code import compare_output
from verifiers.code.compare_output import first_difference


def outputs_match(output: str, expected: str) -> bool:
    return first_difference(output.encode(), expected.encode()) is None


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
        ("1e+18", "1000000000000000000"),
        ("9007199254740993.0", "9007199254740993"),
        ("a\x0cb", "a\x0cb "),
    ],
)
def test_equal(output, expected):
    assert outputs_match(output, expected)
    assert outputs_match(expected, output)


@pytest.mark.parametrize(
    ("output", "expected", "same"),
    [
        ("1e18", "1000000000000000001", False),
        ("1000000000000000000.0", "1000000000000000001", False),
        ("-9007199254740992.0", "-9007199254740993", False),
        ("1e400", "1" + "0" * 399 + "1", False),
        ("1e400", "1" + "0" * 400, True),
        ("1.50e401", "15" + "0" * 400, True),
        ("1e309", "1" + "0" * 400, False),
        ("inf", "1" + "0" * 400, False),
        ("1" + "0" * 30 + ".000001", "1" + "0" * 30, True),
        ("1" + "0" * 30 + ".1", "1" + "0" * 30, False),
        ("1000000000000000001", "1e18", True),  # a float is expected: both are the same one
        ("314159265349999984640.000", "3.1415926535e+20", True),
    ],
)
def test_an_expected_integer_is_compared_exactly(output, expected, same):
    assert outputs_match(output, expected) is same


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
        ("a\x0cb", "a b"),
        ("1" * 3_000_000 + "x", "1" * 3_000_000 + "y"),
        ("1." * 9_000, "1." * 9_000 + "1"),
        ("1e" + "9" * 9_000, "2e" + "9" * 9_000),
    ],
)
def test_not_equal(output, expected):
    assert not outputs_match(output, expected)
    assert not outputs_match(expected, output)


def test_the_first_difference_is_told():
    assert first_difference(b"1 2 3", b"1 2.0 4") == (3, b"3", b"4")
    assert first_difference(b"1", b"1 B") == (2, None, b"b")
    assert first_difference(b"1 B", b"1") == (2, b"b", None)
    assert first_difference(b"\xff 1", b"\xfe 1") == (1, b"\xff", b"\xfe")


def test_the_words_are_the_same_in_pieces_of_any_size(monkeypatch):
    rng = random.Random(7)
    for _ in range(2_000):
        text = bytes(rng.choice(b"ab1 \n\t") for _ in range(rng.randrange(24)))
        other = bytes(rng.choice(b"ab1 \n\t") for _ in range(rng.randrange(24)))
        monkeypatch.setattr(compare_output, "_PIECE", rng.choice([1, 2, 3, 5, 8]))
        assert first_difference(b" ".join(text.split()), text) is None
        assert (first_difference(text, other) is None) == (text.split() == other.split())


SIZE = 16 << 20
PAIRS = {  # how many bytes: outputs that differ at most in their last word, and take long to compare
    "words": lambda size: (b"hello\n" * (size // 6), b"hello " * (size // 6) + b"x"),
    "short words": lambda size: (b"12 " * (size // 3), b"12\n" * (size // 3) + b"x"),
    "numbers": lambda size: (b"1.0 " * (size // 4), b"1.00 " * (size // 4)),
    "large numbers": lambda size: (b"1111111111.5 " * (size // 13), b"1111111111.50 " * (size // 13)),
    "an integer": lambda size: (b"1" * size, b"1" * (size - 1) + b"2"),
    "a float": lambda size: (b"1" * size + b".5", b"1" * (size - 1) + b"2.5"),
    "an exponent": lambda size: (b"1e" + b"9" * size, b"1e" + b"8" * size),
    "dots": lambda size: (b"1." * (size // 2), b"1." * (size // 2) + b"1"),
    "blanks": lambda size: (b" " * size, b"\n" * size + b"x"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_twice_as_much_takes_at_most_some_three_times_as_long(name):
    """Of processor time, the least of three tries. What is quadratic takes four times as long."""
    once, twice = (min(_seconds(*PAIRS[name](size)) for _ in range(3)) for size in (1 << 18, 1 << 19))
    assert twice < 3 * once + 0.01


@pytest.mark.parametrize("name", ["words", "short words", "an integer", "dots"])
def test_sixteen_megabytes_are_compared_in_half_a_second(name):
    """Of processor time, so that a busy machine fails nobody; twice as much for a slow one."""
    assert _seconds(*PAIRS[name](SIZE)) < 1.0


def _seconds(output: bytes, expected: bytes) -> float:
    began = time.process_time()
    first_difference(output, expected)
    return time.process_time() - began


def test_many_numbers_are_compared_as_one_is():
    rng = random.Random(3)
    words = [
        "1",
        "1.0",
        "1.000001",
        "1.00002",
        "1e10",
        "10000000000",
        "1e400",
        "inf",
        "nan",
        "-0",
        "0.0",
        "1_0",
        "x",
        "10",
    ]
    for _ in range(3_000):
        pairs = [(rng.choice(words), rng.choice(words)) for _ in range(rng.randrange(1, 4))]
        alone = all(outputs_match(one, other) for one, other in pairs)
        assert outputs_match(*(" ".join(side) for side in zip(*pairs, strict=True))) is alone, pairs
