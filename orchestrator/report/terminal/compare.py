"""`compare` for people: models side by side, a row a figure, and pairs in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.text.failure_words import in_words
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console

MOST_COLUMNS = 6
_ALIAS_CELLS = 24
_SURE = 0.05
_NOTHING = ("-", "0", "$0", "0.0%")
"""A row of these alone is left out."""


def print_compare(console: Console, document: Mapping[str, Any]) -> None:
    """To `console`, in as many tables as its width asks for."""
    from rich.table import Table
    from rich.text import Text

    models = document["models"]
    aliases = list(models)
    fit = max(1, min(MOST_COLUMNS, (console.width - 22) // 14))
    for start in range(0, len(aliases), fit):
        shown = aliases[start : start + fit]
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("")
        for alias in shown:
            table.add_column(Text(safe(alias, _ALIAS_CELLS)), justify="right", overflow="fold")
        for label, cell in _ROWS:
            cells = [cell(models[alias]) for alias in shown]
            if any(text not in _NOTHING for text in cells):
                table.add_row(label, *(Text(text) for text in cells))
        console.print(table)
        console.print()
    for pair in document["pairs"]:
        console.print(Text(_sentence(pair)))
    for warning in document["warnings"]:
        console.print(Text(f"warning: {safe(warning)}", style="yellow"))


def _sentence(pair: Mapping[str, Any]) -> str:
    one, other = safe(pair["one"], 40), safe(pair["other"], 40)
    gap, low, high = (100 * pair[key] for key in ("pass_rate_difference", "low", "high"))
    what = "the same model, " if pair["same_model"] else ""
    alike = (
        "their answers pass alike as far as this tells"
        if pair["p_value"] > _SURE
        else f"{one if gap > 0 else other} passes more often"
    )
    ratio = (
        ""
        if pair["cost_ratio"] is None
        else f"; a sample of {one} costs {pair['cost_ratio']:.3g} x {other}'s"
    )
    return (
        f"{one} and {other}: {what}{alike} on {pair['problems']:,} problems "
        f"({gap:+.1f} points, 95% band {low:+.1f} to {high:+.1f}, p = {pair['p_value']:.2g}){ratio}."
    )


def _usd(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda m: "-" if m[key] is None else usd(m[key] * PICO_PER_USD)


def _share(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda m: "-" if m[key] is None else f"{100 * m[key]:.1f}%"


def _number(key: str, digits: str = ",.0f") -> Callable[[Mapping[str, Any]], str]:
    return lambda m: "-" if m[key] is None else format(m[key], digits)


def _text(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda m: "-" if m[key] is None else safe(m[key], 40)


def _price(m: Mapping[str, Any]) -> str:
    price = m["list_price"]
    if price is None:
        return "-"
    if price["source"] == "gpu time":
        return safe(price["name"], 30)
    return f"{price['input']:g} / {price['output']:g}"


def _latency(m: Mapping[str, Any]) -> str:
    latency = m["latency_s"]
    return "-" if latency is None else " / ".join(f"{latency[p]:.3g}" for p in ("p50", "p95", "p99"))


def _errors(m: Mapping[str, Any]) -> str:
    return ", ".join(f"{safe(words, 40)} {n:,}" for (words, _), n in in_words(m["errors"]).items()) or "-"


_ROWS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("provider", _text("provider")),
    ("model", _text("model")),
    ("samples", _number("samples")),
    ("pass rate", _share("pass_rate")),
    ("settled", _usd("settled_usd")),
    ("presumed", _usd("presumed_usd")),
    ("waste", _share("waste")),
    ("a sample", _usd("usd_per_sample")),
    ("a pass", _usd("usd_per_pass")),
    ("list $/Mtok in / out", _price),
    ("paid $/Mtok, all", _number("paid_usd_per_mtok", ".3g")),
    ("input tokens a sample", _number("input_tokens_per_sample", ",.1f")),
    ("output tokens", _number("output_tokens_per_sample", ",.1f")),
    ("of it reasoning", _share("reasoning_share")),
    ("input from cache", _share("cached_share")),
    ("caching saved", _usd("cache_saved_usd")),
    ("seconds p50/p95/p99", _latency),
    ("output tokens/s", _number("output_tokens_per_s", ",.1f")),
    ("requests", _number("requests")),
    ("samples a request", _number("samples_per_request", ",.1f")),
    ("retries", _number("retries")),
    ("refusals", _number("refused")),
    ("cut off", _number("cut_off")),
    ("errors", _errors),
)
