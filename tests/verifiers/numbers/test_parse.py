"""Digits, signs, words and markup, each on its own."""

from fractions import Fraction

import pytest

from verifiers.numbers.parse import MAX_DIGITS, parse_digits, render, scan
from verifiers.numbers.plain_text import clean, without_bold
from verifiers.numbers.words import leading_value


@pytest.mark.parametrize(
    ("digits", "value"),
    [
        ("0", 0),
        ("18", 18),
        ("007", 7),
        ("18.50", Fraction(37, 2)),
        (".5", Fraction(1, 2)),
        ("1,234", 1234),
        ("12,345,678.9", Fraction(123456789, 10)),
        ("1,00,000", 100_000),
        ("1_000_000", 1_000_000),
        ("1'234.5", Fraction(2469, 2)),
        ("1\u2009234", 1234),
        ("1.234.567", 1_234_567),
        ("1.234,5", Fraction(2469, 2)),
        ("12,5", Fraction(25, 2)),
        ("0,500", Fraction(1, 2)),
        ("1234,567", Fraction(1234567, 1000)),
        ("1.2.3", None),
        ("1,2,3", None),
        ("1,234,56", None),
        ("1_2", None),
        ("192.168.0.1", None),
        ("9" * MAX_DIGITS, 10**MAX_DIGITS - 1),
        ("9" * (MAX_DIGITS + 1), None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_digits(digits, value):
    assert parse_digits(digits) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3 and 4", [3, 4]),
        ("16-3-4", [16, 3, 4]),
        ("(-3) and -4", [-3, -4]),
        ("H2O, x1, 5kg", [5]),
        ("1 1/2 and 3/4", [Fraction(3, 2), Fraction(3, 4)]),
        ("5 3/2", [5, Fraction(3, 2)]),
        ("3/0", [None]),
        ("1/2/3", [None]),
        ("12:30 and 12/25/2020 and 2020-12-25", [None, None, None]),
        ("May 5, 2020", [None]),
        ("2^3 and 10^3", [None, 1000]),
        ("$5 and -$6 and $-7", [5, -6, -7]),
        ("ends.5 and ...5", [5, 5]),
    ],
)
def test_scan(text, values):
    assert [number.value for number in scan(text)] == values


def test_spans_cover_sign_and_currency():
    (number,) = scan("it is -$1,234.50 now")
    assert "it is -$1,234.50 now"[number.start : number.end] == "-$1,234.50"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(18), "18"),
        (Fraction(-1, 2), "-0.5"),
        (Fraction(1, 8), "0.125"),
        (Fraction(1, 3), "1/3"),
        (Fraction(-7, 6), "-7/6"),
        (Fraction(1, 500), "0.002"),
        (Fraction(0), "0"),
    ],
)
def test_render(value, text):
    assert render(value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("five", 5),
        ("Zero eggs", 0),
        ("twenty-five dollars.", 25),
        ("one hundred", 100),
        ("three hundred and six", 306),
        ("two thousand five hundred", 2500),
        ("one million two hundred thousand", 1_200_000),
        ("five.\nThat is three more", 5),
        ("fivefold", None),
        ("one of the eggs", None),
        ("two more than five", None),
        ("five or six", None),
        ("three five", None),
        ("twenty eleven", None),
        ("hundred", None),
        ("a dozen", None),
        ("five times as many", None),
        ("two and a half", Fraction(5, 2)),
        ("three and three quarters", Fraction(15, 4)),
        ("one half", Fraction(1, 2)),
        ("two-thirds of the cake", Fraction(2, 3)),
        ("half", Fraction(1, 2)),
        ("a quarter.", Fraction(1, 4)),
        ("half of 10", None),
        ("one half plus one third", None),
        ("five and", 5),
        ("", None),
        ("eggs", None),
    ],
)
def test_words(text, value):
    assert leading_value(text) == value


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\\frac{3}{4}", "3/4"),
        ("2\\frac{3}{4}", "2 3/4"),
        ("\\frac{16 - 4}{2}", "(16 - 4)/(2)"),
        ("\\text{m}^2", "{m}"),
        ("m^{2}", "m"),
        ("10^{6}", "10^6"),
        ("\\$1{,}234", "$1,234"),
        ("<<9*2=18>>18", "18"),
        ("<<9*2=18>> eggs", "18 eggs"),
        ("\uff11\uff18", "18"),
        ("3\u00bd", "3 1/2"),
        ("\u22125\u20135", "-5-5"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("<b>18</b>", "18"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
    ],
)
def test_clean(text, plain):
    assert clean(text) == plain


def test_bold_goes_and_a_power_stays():
    assert without_bold("**18** and __5__ and 2**5") == "18 and 5 and 2**5"
