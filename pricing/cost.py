"""Tokens -> whole pico-dollars, exact.

A rate of r dollars per million tokens is r·1e6 pico-dollars a token, so rates of up to six decimals are whole
numbers; finer ones are carried exactly and the request's sum is rounded up, once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from pricing.bands import rates_at

if TYPE_CHECKING:
    from decimal import Decimal

    from pricing.types import Price, Rates, Tokens

INPUT_RATES = ("input", "cached_input", "cache_write", "cache_write_1h")
PICO_PER_TOKEN = 10**6
"""Pico-dollars a token at one dollar per million tokens."""


class _Scaled(NamedTuple):
    """Rates as whole numbers of 1/`scale` pico-dollars a token."""

    scale: int
    input: int
    output: int
    cached_input: int
    cache_write: int
    cache_write_1h: int


def cost_pico(price: Price, tokens: Tokens) -> int:
    """What a request cost, rounded up to whole pico-dollars. Its band is chosen by all of its input tokens.

    Inclusive counts are split into disjoint ones, so that no token is billed twice. Raises ValueError, naming the
    keys, if the parts exceed their whole: such usage is nonsense and must not be clamped to something payable.
    """
    return cost_and_input_pico(price, tokens)[0]


def cost_and_input_pico(price: Price, tokens: Tokens) -> tuple[int, int]:
    """(`cost_pico`, what it would be without its output). Raises as that does."""
    uncached, write_5m = _disjoint(tokens)
    rates = _scaled(rates_at(price.bands, tokens.input))
    inputs = (
        uncached * rates.input
        + tokens.cached * rates.cached_input
        + write_5m * rates.cache_write
        + tokens.cache_write_1h * rates.cache_write_1h
    )
    whole = _ceil_div(inputs + tokens.output * rates.output, rates.scale)
    return whole + price.per_request_pico, _ceil_div(inputs, rates.scale) + price.per_request_pico


def worst_pico(
    price: Price, input_tokens: int, output_tokens: int, *, asked_for: Collection[str] = ()
) -> int:
    """The most that a request of up to `input_tokens` and `output_tokens` can cost, whatever part of its input the
    vendor reads from or writes to a cache, in every band that it can fall into. Pico-dollars, rounded up.
    `asked_for`: of the price's derived rates those that the request asks for; the others can't be billed."""
    if input_tokens < 0 or output_tokens < 0:
        raise ValueError(f"{input_tokens=} and {output_tokens=} must not be negative")
    bands = price.worst_bands or price.bands
    reachable = [_scaled(band.rates) for band in bands if band.from_input_tokens <= input_tokens]
    if not reachable:
        raise ValueError(f"price {price.name!r} has no band from 0 input tokens")
    scale = lcm(*(rates.scale for rates in reachable))
    kinds = [kind for kind in INPUT_RATES if kind not in price.derived or kind in asked_for]
    most_in = max(getattr(rates, kind) * (scale // rates.scale) for rates in reachable for kind in kinds)
    most_out = max(rates.output * (scale // rates.scale) for rates in reachable)
    return _ceil_div(input_tokens * most_in + output_tokens * most_out, scale) + price.per_request_pico


def share_pico(total: int, input_pico: int, own: Sequence[int], output: int) -> tuple[list[int], int]:
    """A request's cost by sample, and what is billed but produced none: input equally, output by each sample's `own`
    tokens of `output`; tokens that no sample holds are a bucket of their own. Whole pico-dollars that sum to it."""
    if not own:
        return [], total
    if len(own) == 1 and own[0] == output:  # as most often
        return [total], 0
    inputs = split_equally(input_pico, len(own))
    rest = output - sum(own)
    shares = split_pico(total - input_pico, [*own, rest] if rest else own)
    unused = shares.pop() if rest else 0
    return [a + b for a, b in zip(inputs, shares, strict=True)], unused


def split_pico(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of `total` by `weights`, whole numbers that sum to it exactly: largest remainder, lowest index first.
    Equal shares if all weights are 0. Raises ValueError without weights, or for a negative number."""
    if not weights:
        raise ValueError("nothing to split among: weights is empty")
    if total < 0 or min(weights) < 0:
        raise ValueError(f"{total=} and weights must not be negative")
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    parts = [divmod(total * weight, whole) for weight in weights]
    shares = [share for share, _ in parts]
    left = total - sum(shares)
    if left:
        # sorted() is stable, so equal remainders keep the order of their indices
        for i in sorted(range(len(parts)), key=lambda i: -parts[i][1])[:left]:
            shares[i] += 1
    return shares


def split_equally(total: int, n: int) -> list[int]:
    """`split_pico` among `n` of equal weight. Raises ValueError for none, or for a negative total."""
    if n < 1 or total < 0:
        raise ValueError(f"{total=} can't be split among {n}")
    if n == 1:
        return [total]
    share, more = divmod(total, n)
    return [share + 1] * more + [share] * (n - more)


def _disjoint(tokens: Tokens) -> tuple[int, int]:
    """(uncached input, 5-minute cache writes)."""
    if tokens.input >= 0 and tokens.output >= 0 and not any(tokens[2:]):  # as most often
        return tokens.input, 0
    if min(tokens) < 0:
        key, count = next((key, count) for key, count in tokens._asdict().items() if count < 0)
        raise ValueError(f"{key} tokens must not be negative, got {count}")
    uncached = tokens.input - tokens.cached - tokens.cache_write
    if uncached < 0:
        raise ValueError(
            f"cached ({tokens.cached}) and cache_write ({tokens.cache_write}) exceed input ({tokens.input})"
        )
    write_5m = tokens.cache_write - tokens.cache_write_1h
    if write_5m < 0:
        raise ValueError(
            f"cache_write_1h ({tokens.cache_write_1h}) exceeds cache_write ({tokens.cache_write})"
        )
    return uncached, write_5m


@lru_cache(maxsize=1024)
def _scaled(rates: Rates) -> _Scaled:
    parts = [_pico(getattr(rates, name)) for name in _Scaled._fields[1:]]
    scale = lcm(*(part.denominator for part in parts))
    return _Scaled(scale, *(part.numerator * (scale // part.denominator) for part in parts))


def _pico(rate: Decimal) -> Fraction:
    if not rate.is_finite() or rate < 0:
        raise ValueError(f"a rate must be finite and not negative, got {rate}")
    return Fraction(rate) * PICO_PER_TOKEN


def _ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
