"""What a write to a vendor's cache of prompts costs if the sweep file's price does not say it, as a multiple of the
input's.

- Anthropic bills 1.25 times the input for five minutes and 2 times for an hour, at every one of its models
  (https://platform.claude.com/docs/en/build-with-claude/prompt-caching). It writes if it is asked to, which
  manyfew does for long prompts, so only then are they reserved.
- OpenAI writes unasked, and bills it at some models: as the price book has it, and as the newest if the book does
  not have the model.
- Elsewhere a write costs as much as input.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from pricing.book import find, today
from pricing.entry import CLAUDE_WRITE, CLAUDE_WRITE_1H, entry_bands
from pricing.regions import is_older, is_openai
from pricing.types import Unpriceable

OPENAI_WRITE = Decimal("1.25")


class WriteRates(NamedTuple):
    """Multiples of the input's rate, for the shorter and the longer lifetime."""

    brief: Decimal
    long: Decimal
    asked_for: bool
    """Whether the vendor writes only where it is asked to."""


def write_rates(provider: str, model: str, base_url: str | None) -> WriteRates | None:
    """None: a write costs as much as input."""
    if provider == "anthropic" or "claude" in model.lower():
        return WriteRates(CLAUDE_WRITE, CLAUDE_WRITE_1H, asked_for=True)
    if provider == "openai" and (rates := _of_book(model)) is not None:
        return rates
    if is_openai(provider, base_url) and not is_older(model):
        return _of_book(model) or WriteRates(OPENAI_WRITE, OPENAI_WRITE, asked_for=False)
    return None


def _of_book(model: str) -> WriteRates | None:
    found = find("openai", model)
    if found is None or not found.exact:
        return None
    try:
        bands, _ = entry_bands(found.entry, today())
    except Unpriceable:
        return None
    rates = bands[0].rates
    if not rates.input:
        return None
    return WriteRates(rates.cache_write / rates.input, rates.cache_write_1h / rates.input, asked_for=False)
