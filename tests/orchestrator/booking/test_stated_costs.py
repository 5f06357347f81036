"""What a reply says it cost: the larger of it and ours is booked, shared in proportion, and reserved from then on."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.booking.cost_ratio import LARGEST, ONE, cost_ratio, times_ratio
from pricing.stated import free, stated_price
from providers.types import Choice, StatedCost, Usage
from tests.orchestrator.booking.attempts import attempt, booked, reply

OURS = 20 * 10**6 + 20 * 10**7
"""Of 20 tokens in and 20 out."""


def stated(pico: int | None) -> StatedCost:
    return StatedCost(name="usage.cost", said="0.01", pico=pico)


def costs(found) -> list[int]:
    return [row.cost_pico for row in found.outcome.samples]


def test_more_than_ours_is_booked_and_shared_in_proportion():
    choices = tuple(
        Choice(index=i, text=text, output_tokens=tokens)
        for i, (text, tokens) in enumerate((("a", 5), ("b", 15)))
    )
    asked = attempt()
    found = booked(
        reply(choices=choices, usage=Usage(input=20, output=20), stated_cost=stated(10**10)), asked
    )
    assert found.outcome.settled_pico == 10**10
    assert sum(costs(found)) == 10**10
    ours = [10 * 10**6 + 5 * 10**7, 10 * 10**6 + 15 * 10**7]
    assert costs(found) == [round(Fraction(10**10) * own / OURS) for own in ours]
    assert {row.cost_basis for row in found.outcome.samples} == {found.outcome.cost_basis} == {"stated"}
    assert "usage.cost" in (found.warning or "")
    assert found.cost_ratio == -(-(10**10) * ONE // OURS)
    assert found.shows_bound(asked) is False
    # once reservations hold as much, the same reply is within its bound
    raised = attempt(cost_ratio=found.cost_ratio, worst_pico=times_ratio(asked.worst_pico, found.cost_ratio))
    again = booked(reply("a", "b", stated_cost=stated(10**10)), raised)
    assert again.cost_ratio == found.cost_ratio
    assert again.shows_bound(raised) is True


@pytest.mark.parametrize("pico", [0, OURS // 2, OURS - 1, OURS])
def test_less_than_ours_leaves_ours(pico):
    found = booked(reply("a", "b", stated_cost=stated(pico)))
    assert found.outcome.settled_pico == OURS
    assert found.outcome.cost_basis == "usage"
    assert found.cost_ratio == ONE
    assert (found.warning is None) == (OURS - pico <= OURS // 100)


@pytest.mark.parametrize(("pico", "said"), [(OURS + OURS // 100, False), (OURS + OURS // 100 + 1, True)])
def test_a_hundredth_is_no_difference_but_is_booked(pico, said):
    found = booked(reply("a", "b", stated_cost=stated(pico)))
    assert found.outcome.settled_pico == pico
    assert (found.warning is not None) is said
    assert found.cost_ratio > ONE


def test_equal_shares_where_ours_is_nothing_and_nothing_bounds_it():
    asked = attempt(price=free(), worst_pico=0)
    found = booked(reply("a", "b", stated_cost=stated(1001)), asked)
    assert costs(found) == [501, 500]
    assert found.outcome.settled_pico == 1001
    assert "state its price" in (found.unbounded or "")
    assert found.shows_bound(asked) is False


def test_what_brought_no_sample_bears_its_part():
    """A choice that was dropped was billed too: 5 + 5 of 20 tokens are a sample's."""
    choices = tuple(Choice(index=i, text="a", output_tokens=5) for i in range(2))
    found = booked(reply(choices=choices, usage=Usage(input=20, output=20), stated_cost=stated(2 * OURS)))
    assert found.outcome.unused_pico == 2 * 10 * 10**7
    assert sum(costs(found)) + found.outcome.unused_pico == 2 * OURS
    nothing = booked(reply(stated_cost=stated(2 * OURS), usage=Usage(input=20, output=20)))
    assert nothing.outcome.unused_pico == 2 * OURS


@pytest.mark.parametrize("pico", [None, 10**16 + 1])
def test_no_sum_of_money_is_presumed(pico):
    asked = attempt()
    found = booked(reply("a", "b", stated_cost=stated(pico)), asked)
    assert (found.outcome.state, found.outcome.presumed_pico) == ("presumed", asked.worst_pico)
    assert found.outcome.error == "BadCost"
    assert "usage.cost" in (found.warning or "")
    assert len(found.outcome.samples) == 2
    assert found.cost_ratio == ONE


def test_ten_thousand_dollars_are_absurd_only_above_what_was_reserved():
    asked = attempt(worst_pico=10**17)
    assert booked(reply("a", "b", stated_cost=stated(10**17)), asked).outcome.settled_pico == 10**17
    assert booked(reply("a", "b", stated_cost=stated(10**17 + 1)), asked).outcome.state == "presumed"


def test_contradicting_counts_stay_so_whatever_is_stated():
    assert booked(reply("a", "b", output_tokens=0, stated_cost=stated(OURS))).outcome.state == "presumed"
    assert booked(reply("a", usage=None, stated_cost=stated(OURS))).outcome.state == "presumed"


def test_a_tier_that_costs_more_than_was_reserved_raises_reservations():
    """Anthropic's geography, say, at a place that was not foreseen: booked in full, and bounded from there on."""
    price = stated_price(input=Decimal(1), output=Decimal(10), name="claude-opus-4-6")
    asked = attempt(price=price, provider="anthropic", worst_pico=100_000_000)
    found = booked(reply("a", "b", inference_geo="us"), asked)
    total = OURS * 11 // 10
    assert found.outcome.settled_pico == total
    assert found.shows_bound(asked) is False
    assert times_ratio(asked.worst_pico, found.cost_ratio) >= total


@given(own=st.integers(1, 10**16), billed=st.integers(0, 10**16), later=st.integers(0, 10**15))
def test_a_ratio_bounds_what_was_seen(own, billed, later):
    ratio = cost_ratio(billed, own)
    if ratio is None:
        assert billed * ONE > own * LARGEST
        return
    assert ratio >= ONE
    assert times_ratio(own, ratio) >= billed
    assert times_ratio(later, ratio) >= later


def test_what_no_multiple_bounds():
    assert cost_ratio(1, 0) is None
    assert cost_ratio(0, 0) == ONE
    assert cost_ratio(10**16, 1) is None
