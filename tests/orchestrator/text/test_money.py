from decimal import Decimal
from fractions import Fraction

import pytest

from orchestrator.text.money import per_thousand, usd

PICO = 10**12


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        ("0", "$0"),
        ("1234.5", "$1,234.50"),
        ("1.234", "$1.23"),
        ("0.9996", "$1.00"),
        ("0.5", "$0.50"),
        ("0.12", "$0.12"),
        ("0.1234", "$0.123"),
        ("0.0042", "$0.0042"),
        ("0.00310", "$0.0031"),
        ("0.0001", "$0.0001"),
        ("0.00009999", "$0.0001"),
        ("0.0000312", "$0.0000312"),
        ("0.0000031", "$0.0000031"),
        ("0.000000000001", "$0.000000000001"),
        ("-1.235", "-$1.24"),
        ("1000000", "$1,000,000.00"),
    ],
)
def test_dollars_are_shown_with_the_digits_that_matter(dollars, shown):
    assert usd(Decimal(dollars) * PICO) == shown
    assert usd(Fraction(dollars) * PICO) == shown


def test_whole_pico_dollars_and_floats_too():
    assert usd(1_230_000_000_000) == "$1.23"
    assert usd(4.2e9) == "$0.0042"
    assert usd(float("nan")) == "?"
    assert usd(float("inf")) == "?"


def test_one_among_many_is_told_by_the_thousand():
    assert per_thousand(34_500_000) == "$0.0345"
    assert per_thousand(Fraction(1, 3) * PICO) == "$333.33"
