"""What the price book has, for a person to look through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from pricing.book import MAKERS, Found, entries_of, entry_price, find, is_moving, today, vendors
from pricing.named import price_set, set_names
from pricing.types import Price, Unpriceable

Match = Literal["exact", "inexact", "similar"]
PREFIXES = {
    "azure_ai": "azure",
    "bedrock": "aws",
    "vertex_ai": "google",
    "gemini": "google",
    "xai": "x-ai",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "moonshot": "moonshotai",
}
"""What LiteLLM puts before a model's name, where the price book calls the vendor otherwise."""
TIERS = ("flex", "priority", "fast")
"""OpenAI's "fast" is its "priority" by another name; Anthropic's is a mode of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of the book. `price` is None if it prices no text; `note` then says why."""

    provider: str
    model: str
    match: Match
    """exact: the name asked for is its id or its id's dated snapshot, so it is used as it is. inexact: what
    genai-prices would take for the name, to be confirmed. similar: only looks like it."""
    price: Price | None
    note: str = ""

    @property
    def price_as(self) -> str:
        """What confirms it in a sweep file."""
        return f"{self.provider}/{self.model}"


def whole_book() -> list[Listed]:
    """The named sets, then all text models of the vendors whose wires have a name of their own."""
    lines = [_line_of_set(name, model, price) for name, model, price in _sets()]
    for maker in MAKERS:
        lines += [line for found in entries_of(maker) if (line := _line(found, "exact")).price is not None]
    return lines


def matching(name: str) -> list[Listed]:
    """Every line that a name may mean, in any set and at any vendor: exact ones first."""
    wanted = name.lower()
    lines = [
        _line_of_set(group, model, price, "exact" if wanted in (model, f"{group}/{model}") else "similar")
        for group, model, price in _sets()
        if wanted in f"{group}/{model}"
    ]
    seen: set[str] = set()
    for found in _found(name):
        if found.name not in seen:
            seen.add(found.name)
            exact = found.exact and not is_moving(name)
            lines += _with_tiers(found) if exact else [_line(found, "inexact")]
    for vendor in vendors():
        for found in entries_of(vendor):
            if wanted in found.name.lower() and found.name not in seen:
                seen.add(found.name)
                lines.append(_line(found, "similar"))
    head, _, tail = name.partition("/")
    if not lines and tail and (head.lower() in PREFIXES or head.lower() in vendors()):
        return [
            replace(line, match="similar") for line in matching(tail)
        ]  # azure/gpt-4o is sold by its maker too
    order: dict[str, int] = {"exact": 0, "inexact": 1, "similar": 2}
    return sorted(lines, key=lambda line: order[line.match])


def _found(name: str) -> Iterator[Found]:
    """What look_up() would find: at the two makers by any rule, elsewhere by exact id."""
    vendor, _, entry = name.partition("/")
    vendor = PREFIXES.get(vendor.lower(), vendor)
    for seller, model in ((vendor, entry), *((maker, name) for maker in MAKERS)):
        found = find(seller, model) if model else None
        if found is not None:
            yield found
    for seller in vendors():
        found = find(seller, name)
        if found is not None and found.exact:
            yield found


def _with_tiers(found: Found) -> list[Listed]:
    lines = [_line(found, "exact")]
    for tier in TIERS if found.provider == "anthropic" else TIERS[:-1]:
        with suppress(Unpriceable):
            price = entry_price(found, today(), service_tier=tier)
            lines.append(_line(found, "exact", price, tier))
    with suppress(Unpriceable):
        lines.append(_line(found, "exact", entry_price(found, today(), batch=True), "batch"))
    return lines


def _line(found: Found, match: Match, price: Price | None = None, note: str = "") -> Listed:
    if price is None:
        try:
            price = entry_price(found, today())
        except Unpriceable as error:
            note = error.message
    return Listed(provider=found.provider, model=found.entry.id, match=match, price=price, note=note)


def _sets() -> Iterator[tuple[str, str, Price]]:
    for name in set_names():
        for model, price in price_set(name).items():
            yield name, model, price


def _line_of_set(name: str, model: str, price: Price, match: Match = "exact") -> Listed:
    return Listed(provider=name, model=model, match=match, price=price)
