"""Tokens -> pico-dollars: literal sums, the cases that other tools got wrong, and the bound."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.cost import cost_pico, split_equally, split_pico, worst_pico
from pricing.types import Band, Price, Tokens
from tests.pricing.prices import any_price, flat, rates

SONNET = flat("3", "15", "0.3", "3.75", "6")
OPUS = flat("5", "25", "0.5", "6.25", "10")
BANDED = Price(
    bands=(
        Band(from_input_tokens=0, rates=rates("3", "15", "0.3", "3.75", "6")),
        Band(from_input_tokens=200_001, rates=rates("6", "22.5", "0.6", "7.5", "12")),
    ),
    source="sweep file",
    name="m",
)


@pytest.mark.parametrize(
    ("price", "tokens", "pico"),
    [
        # 1000 in at $5/M and 500 out at $15/M: $0.0125
        (flat("5", "15", "2.5", "5", "5"), Tokens(input=1000, output=500), 12_500_000_000),
        # 600 uncached, 400 cached
        (flat("5", "15", "2.5", "5", "5"), Tokens(input=1000, output=0, cached=400), 4_000_000_000),
        # every bucket at once: 100 plain, 200 cached, 300 5-minute writes, 400 one-hour writes, 500 out
        (
            SONNET,
            Tokens(input=1000, output=500, cached=200, cache_write=700, cache_write_1h=400),
            300_000_000 + 60_000_000 + 1_125_000_000 + 2_400_000_000 + 7_500_000_000,
        ),
        (SONNET, Tokens(input=0, output=0), 0),
        (flat("0", "0", "0", "0", "0"), Tokens(input=10**9, output=10**9), 0),
        # rates finer than a pico-dollar a token: 3 x 0.3 pico, rounded up once
        (flat("0.0000003", "0", "0", "0", "0"), Tokens(input=3, output=0), 1),
        (flat("0.0000003", "0.0000002", "0", "0", "0"), Tokens(input=3, output=5), 2),
    ],
)
def test_cost(price, tokens, pico):
    assert cost_pico(price, tokens) == pico


@pytest.mark.parametrize(
    ("price", "tokens", "pico"),
    [
        # BerriAI/litellm 14849: cached tokens are inside the prompt's; $0.1849, not $0.7642
        (
            flat("1.25", "10", "0.625", "1.25", "1.25"),
            Tokens(input=262_960, cached=257_955, output=1744),
            184_918_125_000,
        ),
        # BerriAI/litellm 9812: writes billed as input too gave $0.091311; the vendor billed $0.05439
        (SONNET, Tokens(input=12_307, cache_write=12_304, output=550), 54_399_000_000),
        # BerriAI/litellm 18599: output 482 of which 448 reasoning, all of it billed once
        (flat("0.05", "0.4", "0.005", "0.05", "0.05"), Tokens(input=17, output=482), 193_650_000),
        # UKGovernmentBEIS/inspect_ai 4703: a million one-hour writes are $6.00, not $3.75
        (SONNET, Tokens(input=10**6, cache_write=10**6, cache_write_1h=10**6, output=0), 6 * 10**12),
        (SONNET, Tokens(input=10**6, cache_write=10**6, output=0), 3_750_000_000_000),
        # both lifetimes in one request: 600k for five minutes, 400k for an hour
        (OPUS, Tokens(input=10**6, cache_write=10**6, cache_write_1h=400_000, output=0), 7_750_000_000_000),
        # UKGovernmentBEIS/inspect_ai 4816: the long prompt's band holds for the whole request
        (BANDED, Tokens(input=200_000, output=1000), 615_000_000_000),
        (BANDED, Tokens(input=200_001, output=1000), 1_222_506_000_000),
        # and cached tokens count towards it
        (BANDED, Tokens(input=200_001, cached=200_000, output=0), 120_006_000_000),
    ],
)
def test_what_others_got_wrong(price, tokens, pico):
    assert cost_pico(price, tokens) == pico


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (
            Tokens(input=10, output=0, cached=8, cache_write=3),
            ["cached (8)", "cache_write (3)", "input (10)"],
        ),
        (
            Tokens(input=10, output=0, cache_write=3, cache_write_1h=4),
            ["cache_write_1h (4)", "cache_write (3)"],
        ),
        (Tokens(input=-1, output=0), ["input"]),
        (Tokens(input=1, output=-1), ["output"]),
        (Tokens(input=1, output=0, cached=-1), ["cached"]),
    ],
)
def test_nonsense_is_never_clamped(tokens, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its words are checked
        cost_pico(SONNET, tokens)
    assert all(word in str(caught.value) for word in words)


def test_a_rate_that_is_no_price_raises():
    for bad in ("NaN", "Infinity", "-1"):
        with pytest.raises(ValueError, match="rate"):
            cost_pico(flat(bad, "1", "1", "1", "1"), Tokens(input=1, output=1))


def test_a_fee_a_request_is_added():
    price = replace(SONNET, per_request_pico=12_000_000_000)
    assert cost_pico(price, Tokens(input=0, output=0)) == 12_000_000_000
    assert worst_pico(price, 0, 0) == 12_000_000_000


def test_worst_takes_the_most_expensive_input_and_band_within_reach():
    assert worst_pico(SONNET, 1000, 100) == 6_000_000_000 + 1_500_000_000
    assert worst_pico(flat("5", "15", "2.5", "5", "5"), 1000, 100) == 5_000_000_000 + 1_500_000_000
    # one token short of the long band, and at it
    assert worst_pico(BANDED, 200_000, 1000) == 1_215_000_000_000
    assert worst_pico(BANDED, 200_001, 1000) == 200_001 * 12_000_000 + 1000 * 22_500_000
    # a long band that is cheaper does not lower the bound: the request may turn out shorter
    short, long = BANDED.bands
    cheaper = replace(BANDED, bands=(replace(short, rates=long.rates), replace(long, rates=short.rates)))
    assert worst_pico(cheaper, 300_000, 10) == 300_000 * 12_000_000 + 10 * 22_500_000


def test_worst_holds_for_what_a_reply_may_name():
    open_geo = replace(
        SONNET, worst_bands=(Band(from_input_tokens=0, rates=rates("3.3", "16.5", "0.33", "4.125", "6.6")),)
    )
    assert worst_pico(open_geo, 1000, 100) == 6_600_000_000 + 1_650_000_000
    assert cost_pico(open_geo, Tokens(input=1000, output=100)) == 3_000_000_000 + 1_500_000_000


def test_worst_refuses_negative_bounds_and_a_price_without_a_first_band():
    with pytest.raises(ValueError, match="negative"):
        worst_pico(SONNET, -1, 0)
    with pytest.raises(ValueError, match="band"):
        worst_pico(replace(SONNET, bands=BANDED.bands[1:]), 10, 10)


@given(any_price(), st.data())
def test_no_request_within_the_bound_costs_more(price, data):
    bound_in = data.draw(st.integers(0, 2 * 10**6), "bound_in")
    bound_out = data.draw(st.integers(0, 10**6), "bound_out")
    total = data.draw(st.integers(0, bound_in), "input")
    cached = data.draw(st.integers(0, total), "cached")
    write = data.draw(st.integers(0, total - cached), "write")
    tokens = Tokens(
        input=total,
        cached=cached,
        cache_write=write,
        cache_write_1h=data.draw(st.integers(0, write), "write_1h"),
        output=data.draw(st.integers(0, bound_out), "output"),
    )
    assert 0 <= cost_pico(price, tokens) <= worst_pico(price, bound_in, bound_out)


@given(any_price(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_cost_is_the_exact_sum_rounded_up(price, tokens_in, tokens_out):
    band = [band for band in price.bands if band.from_input_tokens <= tokens_in][-1]
    exact = (tokens_in * Fraction(band.rates.input) + tokens_out * Fraction(band.rates.output)) * 10**6
    over = cost_pico(price, Tokens(input=tokens_in, output=tokens_out)) - price.per_request_pico - exact
    assert 0 <= over < 1


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (11, [1, 1, 1], [4, 4, 3]),
        (10, [0, 0, 0], [4, 3, 3]),
        (100, [1, 2, 3], [17, 33, 50]),
        # remainders 0.2, 0.4, 0.4: the two lowest indices among equals do not include the smallest remainder
        (2, [1, 2, 2], [0, 1, 1]),
        (1, [0, 5, 5], [0, 1, 0]),
        (0, [3, 4], [0, 0]),
        (7, [9], [7]),
        (10**18 + 1, [1, 1], [5 * 10**17 + 1, 5 * 10**17]),
    ],
)
def test_split(total, weights, shares):
    assert split_pico(total, weights) == shares


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**9), min_size=1, max_size=200))
def test_split_sums_exactly_and_each_share_is_within_one(total, weights):
    shares = split_pico(total, weights)
    assert sum(shares) == total
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        exact = Fraction(total * weight, whole) if whole else Fraction(total, len(weights))
        assert abs(share - exact) < 1


@given(st.integers(0, 10**18), st.integers(1, 200))
def test_equal_shares_are_those_of_equal_weights(total, n):
    assert split_equally(total, n) == split_pico(total, [1] * n)


def test_split_refuses_nothing_and_negatives():
    for total, weights in ((1, []), (-1, [1]), (1, [1, -1])):
        with pytest.raises(ValueError, match=r"negative|nothing"):
            split_pico(total, weights)
    for total, n in ((1, 0), (-1, 1)):
        with pytest.raises(ValueError, match="split"):
            split_equally(total, n)
