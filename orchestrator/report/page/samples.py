"""The heat map of problems and models, and the samples that it opens: as many of their texts as fit into the file."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from orchestrator.report.page.text import Html, element

MB = 10**6
_PATIENCE = 20
"""So many problems in a row that don't fit: then no smaller one is looked for."""
_LEVEL = 8
"""9 makes the quickstart's texts 1% smaller, and takes half as long again for samples that resemble each other."""


@dataclass(frozen=True, slots=True)
class Texts:
    """`packed`: by the problem's place, its samples as JSON, compressed and in base64. `show`: the lines that show
    those of a problem in a terminal, but for its name."""

    packed: Mapping[int, str] = field(default_factory=dict[int, str])
    show: tuple[str, ...] = ()


def packed(
    grid: Mapping[str, Any], read: Callable[[str], dict[str, Any] | None], most_bytes: int
) -> dict[int, str]:
    """The hardest problems first, whole, until no more fit."""
    found: dict[int, str] = {}
    left, missed = most_bytes, 0
    for place in _hardest(grid):
        if left <= 0 or missed >= _PATIENCE:
            break
        of = read(grid["problems"][place])
        if of is None:
            continue
        text = _pack(of)
        if len(text) > left:
            missed += 1
            continue
        missed, left = 0, left - len(text)
        found[place] = text
    return found


def _hardest(grid: Mapping[str, Any]) -> Iterable[int]:
    def rate(place: int) -> float:
        shares = [m["passed"][place] / m["judged"][place] for m in grid["models"] if m["judged"][place]]
        return sum(shares) / len(shares) if shares else 2.0

    return sorted(range(len(grid["problems"])), key=rate)


def _pack(of: dict[str, Any]) -> str:
    packer = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(msgspec.json.encode(of)) + packer.flush()).decode()


def for_page(data: Mapping[str, Any], texts: Texts | None) -> dict[str, Any] | None:
    """The grid as the page's script takes it."""
    if not data["grid"]["problems"]:
        return None
    held = texts or Texts()
    return {**data["grid"], "texts": {str(place): of for place, of in held.packed.items()}, "show": held.show}


def section(data: Mapping[str, Any]) -> str:
    """Empty: the script draws the rows in sight."""
    if not data["grid"]["problems"]:
        return ""
    field = '<input type="search" id="grid-search" placeholder="problem or text">'
    search = _labelled("grid-search", "search", field)
    which = _select(
        "grid-which",
        "show",
        [
            ("all", "all problems"),
            ("none", "solved by no model"),
            ("some", "solved by some models only"),
            ("every", "solved by every model"),
            ("lost", "with lost samples"),
        ],
    )
    order = _select("grid-sort", "order", [("hard", "hardest first"), ("name", "as asked")])
    bar = f'<p class="grid-bar needs-script" hidden>{search} {which} {order} <output id="grid-count"></output></p>'
    grid = (
        '<div id="grid" class="needs-script" role="table" tabindex="0" hidden '
        'aria-label="Samples that passed, by problem and model">'
        '<div id="grid-head" role="row"></div><div id="grid-body" role="rowgroup"></div></div>'
    )
    said = (
        "Passes of the samples with a verdict, by problem and model; the darker, the more. Press a cell to read its "
        "samples, a model's name to sort by it."
    )
    view = (
        '<div id="sample-view" role="region" aria-labelledby="sample-title" hidden>'
        '<h3 id="sample-title" tabindex="-1"></h3><p>'
        + _select(
            "sample-which",
            "samples",
            [(of, of) for of in ("all", "right", "wrong", "no verdict")],
        )
        + ' <button type="button" id="sample-close">Close</button></p><div id="sample-list"></div></div>'
    )
    none = "<noscript><p>The samples need JavaScript; manyfew show lists them in a terminal.</p></noscript>"
    head = '<section aria-labelledby="samples"><h2 id="samples">Problems and samples</h2>'
    return f"{head}{element('p', said, class_='faint')}{none}{bar}{grid}{view}</section>"


def _select(key: str, label: str, options: Iterable[tuple[str, str]]) -> str:
    made = "".join(element("option", said, value=value) for value, said in options)
    return _labelled(key, label, element("select", Html(made), id=key))


def _labelled(key: str, label: str, field: str) -> str:
    """On one line, however narrow the page."""
    return f'<span class="field"><label for="{key}">{label}</label> {field}</span>'
