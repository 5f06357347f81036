"""Prices that the tests of this folder build on."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from pricing.types import Band, Price, Rates


def rates(plain: str, output: str, cached: str, write: str, write_1h: str) -> Rates:
    return Rates(
        input=Decimal(plain),
        output=Decimal(output),
        cached_input=Decimal(cached),
        cache_write=Decimal(write),
        cache_write_1h=Decimal(write_1h),
    )


def flat(plain: str, output: str, cached: str, write: str, write_1h: str) -> Price:
    return Price(
        bands=(Band(from_input_tokens=0, rates=rates(plain, output, cached, write, write_1h)),),
        source="sweep file",
        name="m",
    )


rate = st.decimals(min_value=0, max_value=1000, places=8)
any_rates = st.builds(
    Rates, input=rate, output=rate, cached_input=rate, cache_write=rate, cache_write_1h=rate
)


@st.composite
def any_price(draw: st.DrawFn) -> Price:
    starts = draw(st.lists(st.integers(1, 10**6), max_size=3, unique=True))
    bands = tuple(Band(from_input_tokens=start, rates=draw(any_rates)) for start in [0, *sorted(starts)])
    return Price(bands=bands, source="sweep file", name="m", per_request_pico=draw(st.integers(0, 10**9)))
