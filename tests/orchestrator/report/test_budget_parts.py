from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.budget_parts import BudgetParts, dollars
from tests.orchestrator.report.progress_fixture import PICO, picos


def parts(budget, settled=0, presumed=0, reserved=0):
    return BudgetParts(budget=budget, settled=settled, presumed=presumed, reserved=reserved)


def number(figure):
    return Decimal(figure.replace("$", "").replace(",", ""))


@pytest.mark.parametrize(
    ("pico", "places", "shown"),
    [
        (1_234_500_000_000_000, 2, "$1,234.50"),
        (5_000_000_000, 2, "$0.01"),
        (4_999_999_999, 2, "$0.00"),
        (-1_235_000_000_000, 2, "-$1.24"),
        (-1, 2, "$0.00"),
        (0, 5, "$0.00000"),
    ],
)
def test_dollars_of_fixed_places(pico, places, shown):
    assert dollars(pico, places) == shown


@pytest.mark.parametrize(
    ("budget", "places"), [(1_000 * PICO, 2), (10 * PICO, 3), (PICO // 10, 5), (PICO // 10**6, 8), (0, 8)]
)
def test_places_follow_the_budget_and_so_do_not_jump(budget, places):
    assert parts(budget).places == places


def test_thirds_add_up_as_printed():
    third = 10 * PICO // 3
    assert parts(10 * PICO, third, third, third).figures() == (
        "$10.000",
        "$3.334",
        "$3.333",
        "$3.333",
        "$0.000",
    )


def test_a_budget_that_was_exceeded_shows_what_is_missing():
    exceeded = parts(PICO, 2 * PICO)
    assert exceeded.figures() == ("$1.0000", "$2.0000", "$0.0000", "$0.0000", "-$1.0000")
    assert exceeded.bar(10) == (10, 0, 0, 0)


@given(picos, picos, picos, picos)
def test_printed_parts_add_up_to_the_printed_budget(budget, settled, presumed, reserved):
    whole, *shares = parts(budget, settled, presumed, reserved).figures()
    assert sum(map(number, shares)) == number(whole)


@given(picos, picos, picos, picos, st.integers(4, 200))
def test_the_bar_is_as_wide_as_asked_and_hides_nothing(budget, settled, presumed, reserved, width):
    shown = parts(budget, settled, presumed, reserved)
    cells = shown.bar(width)
    assert sum(cells) == width
    for amount, cell in zip((settled, presumed, reserved, shown.left), cells, strict=True):
        assert cell > 0 if amount > 0 else cell == 0 or sum((settled, presumed, reserved)) == 0
