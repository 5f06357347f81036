"""What the reader sets: axis, scale, models, theme, prices. All of it is hidden if no script runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.report.charts.palette import LIGHT, SHAPES
from orchestrator.report.page.text import Html, element, name
from orchestrator.text.frontier_words import UNITS

_OUTLINES = {
    "circle": '<circle cx="8" cy="8" r="6"/>',
    "square": '<path d="M2 2h12v12H2z"/>',
    "cross": '<path d="M6 1h4v5h5v4h-5v5H6v-5H1V6h5z"/>',
    "diamond": '<path d="M8 0l6 8-6 8-6-8z"/>',
    "triangle-up": '<path d="M8 1l7 13H1z"/>',
    "triangle-down": '<path d="M8 15L1 2h14z"/>',
    "triangle-right": '<path d="M15 8L2 15V1z"/>',
    "triangle-left": '<path d="M1 8l13-7v14z"/>',
}
_LOWEST, _HIGHEST = -4, 3
"""Decades of dollars a million tokens, or of times what was paid."""

_TOKENS = "Tokens stay as they were sampled; what was read from or written to a cache keeps its share of the price. "
_BEYOND = '<label><input type="checkbox" id="beyond" checked> extrapolate</label>'
_EXPLAINED = (
    "The charts and tables above follow. The frontier is then of single models, and probabilities, which would "
    "have to be found anew, are left out."
)


def bar(document: Mapping[str, Any], data: Mapping[str, Any], shown: Sequence[str]) -> str:
    axes = [(axis, UNITS[axis]) for axis in data["axes"]]
    parts = [
        _select("axis", "cost in", axes, document["axis"]),
        _select("scale", "scale of cost", [("log", "logarithmic"), ("linear", "linear")], "log"),
        _BEYOND if any(model["extrapolation"] for model in document["models"].values()) else "",
        _models(shown, ["printed" in model for model in document["models"].values()]),
        _select(
            "theme", "colours", [("auto", "as the system"), ("light", "light"), ("dark", "dark")], "auto"
        ),
    ]
    said = {
        "class_": "controls needs-script",
        "role": "group",
        "aria_label": "What the charts show",
        "hidden": "",
    }
    return element("div", Html("".join(parts)), **said)


def what_if(data: Mapping[str, Any], shown: Sequence[str]) -> str:
    """Sliders for each model: of its price of input and output, or, if tokens are not what was paid for, of times
    what was paid."""
    groups = [
        _sliders(m, alias, prices)
        for m, (alias, prices) in enumerate(zip(shown, data["prices"], strict=False))
        if prices["tokens"] or data["axes"].get("usd", {"per_sample": {m: None}})["per_sample"][m]
    ]
    if not groups:
        return ""
    told = _TOKENS if any(prices["tokens"] for prices in data["prices"]) else ""
    return (
        '<section id="what-if" class="needs-script" aria-labelledby="prices" hidden>'
        f'<h2 id="prices">What if prices changed?</h2><p>{told}{_EXPLAINED} '
        '<span id="what-if-on" class="repriced" hidden>Shown now: other prices than were paid.</span> '
        f'<button type="button" id="reset">As paid</button></p><div class="sliders">{"".join(groups)}</div></section>'
    )


def _sliders(m: int, alias: str, prices: Mapping[str, Any]) -> str:
    if prices["tokens"]:
        kinds = [("input", "usd", prices["usd_per_mtok"][0]), ("output", "usd", prices["usd_per_mtok"][1])]
        unit = ", dollars a million tokens"
    else:
        what = "printed" if prices.get("printed") else "paid"
        kinds, unit = [(f"times what was {what}", "times", 1)], ""
    made = [
        _slider(f"price-{m}-{at}", m, label + unit, kind, paid)
        for at, (label, kind, paid) in enumerate(kinds)
    ]
    return f'<fieldset data-m="{m}"><legend>{name(alias).markup}</legend>{"".join(made)}</fieldset>'


def _slider(key: str, m: int, label: str, kind: str, paid: float) -> str:
    return (
        f'<label for="{key}">{label} <output id="said-{key}" for="{key}"></output>'
        f'<input type="range" id="{key}" min="{_LOWEST}" max="{_HIGHEST}" step="0.01" '
        f'data-of="{m}" data-kind="{kind}" data-paid="{paid!r}"></label>'
    )


def _select(key: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    made = "".join(
        element("option", said, value=value, selected="" if value == chosen else None)
        for value, said in options
    )
    return f'<div><label class="label" for="{key}">{label}</label><select id="{key}">{made}</select></div>'


def _models(shown: Sequence[str], hollow: Sequence[bool]) -> str:
    boxes = [
        f'<label><input type="checkbox" value="{m}" checked>{_mark(m, hollow=open_)}{name(alias).markup}</label>'
        for m, (alias, open_) in enumerate(zip(shown, hollow, strict=True))
    ]
    return f'<fieldset id="models"><legend>models</legend>{"".join(boxes)}</fieldset>'


def _mark(m: int, *, hollow: bool) -> str:
    outline = _OUTLINES[SHAPES[(m + m // len(SHAPES)) % len(SHAPES)]]
    colour = f"var(--series-{m % len(LIGHT.series)})"
    look = f'fill="none" stroke="{colour}" stroke-width="2"' if hollow else f'fill="{colour}"'
    box = "-1 -1 18 18" if hollow else "0 0 16 16"
    return element("svg", Html(f"<g {look}>{outline}</g>"), class_="mark", viewBox=box, aria_hidden="true")
