"""`compare` for people: models side by side, a row a figure, and pairs in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from orchestrator.grammar import many
from orchestrator.report.cells import fit
from orchestrator.report.short_names import short_names
from orchestrator.text.failure_words import in_words
from orchestrator.text.money import per_thousand, usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

NAME = 24
"""Cells of a name on a terminal; a pipe gets all of it."""
LONGEST = 200
WITHOUT_END = 1 << 20
GAP = 2
LEAST = 8
_SURE = 0.05
_NOTHING = ("-", "0", "$0", "0.0%")
"""A row of these alone is left out."""


def print_compare(console: Console, document: Mapping[str, Any]) -> None:
    """To `console`: on a terminal in as many tables as its width asks for, elsewhere in one. Words are never broken."""
    from rich.text import Text

    models = document["models"]
    names = [safe(alias, LONGEST) for alias in models]
    if console.is_terminal:
        names = short_names(list(models), NAME)
    columns = [
        [name, *(cell(m) for _, cell in _ROWS)] for name, m in zip(names, models.values(), strict=True)
    ]
    labels = ["", *(label for label, _ in _ROWS)]
    width = console.width if console.is_terminal else WITHOUT_END
    for some in _tables(columns, width - _width(labels)):
        wide = list(map(_width, some))
        rows = list(zip(labels, *some, strict=True))
        room = max(LEAST, width - _width(labels) - GAP)
        wide = [min(room, cells) for cells in wide]  # on a narrow terminal there is one column
        for label, *cells in [row for row in rows if not row[0] or any(c not in _NOTHING for c in row[1:])]:
            if any(map(room.__lt__, map(cell_len, cells))):
                console.print(Text(label))
                console.print(
                    Text(fit(cells[0], width, "right")), no_wrap=True, overflow="ignore", crop=False
                )
                continue
            line = fit(label, _width(labels)) + "".join(
                " " * GAP + fit(cell, cells_wide, "right")
                for cell, cells_wide in zip(cells, wide, strict=True)
            )
            console.print(Text(line.rstrip()), no_wrap=True, overflow="ignore", crop=False)
        console.print()
    for pair in document["pairs"]:
        console.print(Text(_sentence(pair)))
    for warning in document["warnings"]:
        console.print(Text(f"warning: {safe(warning)}", style="yellow"))


def _width(column: Sequence[str]) -> int:
    return max(map(cell_len, column))


def _tables(columns: Sequence[Sequence[str]], width: int) -> Iterator[list[Sequence[str]]]:
    """As many columns to a table as there is room for."""
    some: list[Sequence[str]] = []
    used = 0
    for column in columns:
        if some and used + GAP + _width(column) > width:
            yield some
            some, used = [], 0
        some.append(column)
        used += GAP + _width(column)
    yield some


def _sentence(pair: Mapping[str, Any]) -> str:
    one, other = safe(pair["one"], LONGEST), safe(pair["other"], LONGEST)
    gap, low, high = (100 * pair[key] for key in ("pass_rate_difference", "low", "high"))
    what = "the same model, " if pair["same_model"] else ""
    alike = _told(pair, one if gap > 0 else other)
    if gap < 0 and pair["p_value_of_all_pairs"] <= _SURE:
        gap, low, high = -gap, -high, -low  # of the one that is named as better
    ratio = (
        ""
        if pair["cost_ratio"] is None
        else f"; a sample of {one} costs {pair['cost_ratio']:.3g} × {other}'s"
    )
    return (
        f"{one} and {other}: {what}{alike} "
        f"({gap:+.1f} points, 95% band {low:+.1f} to {high:+.1f}, p = {pair['p_value']:.2g}){ratio}."
    )


def _told(pair: Mapping[str, Any], better: str) -> str:
    """What the difference says; if it says nothing, how many problems would."""
    here = f"on {many(pair['problems'], 'problem')}"
    if pair["p_value_of_all_pairs"] <= _SURE:
        return f"{better} passes more often {here}"
    if pair["problems_needed"] is None:
        return f"no difference seen {here}"
    more = max(pair["problems_needed"], pair["problems"] + 1)
    return (
        "too few problems to tell whether they pass alike: a difference as seen takes about "
        f"{more:,}, not {pair['problems']:,}"
    )


def _usd(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda m: "-" if m[key] is None else usd(m[key] * PICO_PER_USD)


def _of_a_thousand(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda m: "-" if m[key] is None else per_thousand(m[key] * PICO_PER_USD)


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


def _agent(key: str, form: Callable[[float], str]) -> Callable[[Mapping[str, Any]], str]:
    """Of a model whose samples are attempts of an agent."""

    def cell(m: Mapping[str, Any]) -> str:
        value = m.get("agent", {}).get(key)
        return "-" if value is None else form(value)

    return cell


def _count(value: float) -> str:
    return f"{value:,.0f}"


_ROWS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("provider", _text("provider")),
    ("model", _text("model")),
    ("samples", _number("samples")),
    ("attempts interrupted", _agent("open", _count)),
    ("attempts without sample", _agent("lost", _count)),
    ("calls per attempt", _agent("calls_per_attempt", "{:,.1f}".format)),
    ("dollars at upper bound", _agent("bound_share", "{:.1%}".format)),
    ("pass rate", _share("pass_rate")),
    ("settled", _usd("settled_usd")),
    ("presumed", _usd("presumed_usd")),
    ("loading", _usd("loading_usd")),
    ("idle", _usd("idle_usd")),
    ("waste", _share("waste")),
    ("per 1,000 samples", _of_a_thousand("usd_per_sample")),
    ("per 1,000 passes", _of_a_thousand("usd_per_pass")),
    ("list $/Mtok in / out", _price),
    ("paid $/Mtok, all", _number("paid_usd_per_mtok", ".3g")),
    ("input tokens per sample", _number("input_tokens_per_sample", ",.1f")),
    ("output tokens per sample", _number("output_tokens_per_sample", ",.1f")),
    ("of them reasoning", _share("reasoning_share")),
    ("input from cache", _share("cached_share")),
    ("caching saved", _usd("cache_saved_usd")),
    ("seconds p50/p95/p99", _latency),
    ("output tokens per second", _number("output_tokens_per_s", ",.1f")),
    ("requests", _number("requests")),
    ("samples per request", _number("samples_per_request", ",.1f")),
    ("retries", _number("retries")),
    ("refusals", _number("refused")),
    ("cut off", _number("cut_off")),
    ("errors", _errors),
)
