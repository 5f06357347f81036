"""The top of the page: of what it is, and what to buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.grammar import many
from orchestrator.report.page.text import element, items, name, text
from orchestrator.text.comparison_words import sentence
from orchestrator.text.solved_words import was_steered

_MOST_SENTENCES = 8


def head(document: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    models = document["models"].values()
    sampled = [model for model in models if "printed" not in model]
    counts = [
        f"{many(len(sampled), 'model')}, {many(sum(m['samples'] for m in sampled), 'sample')} with a verdict"
    ]
    if was_steered(document):  # those that estimates rest on aren't all then
        (cited,) = document["citation"]
        drawn = f"{many(cited['samples'], 'sample')} of {many(cited['problems'], 'problem')}"
        counts = [f"{many(len(sampled), 'model')}, {drawn}"]
    if len(sampled) < len(models):
        counts = [
            *(counts if sampled else []),
            f"{many(len(models) - len(sampled), 'model')} as printed, without samples",
        ]
    advice: list[str] = document["advice"]
    told = [element("p", one, class_="advice", data_axis=document["axis"]) for one in advice[:1]]
    for axis, part in data["axes"].items():
        said = advice if axis == document["axis"] else list[str]()
        compared = [sentence(row, axis) for row in part["comparisons"] if row["verdict"] is not None]
        rest = [
            *said[1:],
            *(one for one in compared[:_MOST_SENTENCES] if not _is_said(one, said)),
        ]
        if rest:
            told.append(items(rest, data_axis=axis, hidden=hide(axis, document)))
    title = ", ".join(name(sweep, 80).markup for sweep in sweeps(document, data)) or "manyfew"
    return (
        f"<header><h1>{title}: many cheap samples or a few expensive ones?</h1>"
        f'<p class="faint">{text("; ".join(counts))}</p>{"".join(told)}'
        '<p class="repriced" hidden><strong>These sentences are of the prices paid, the rest is not.</strong></p>'
        '<p class="some-off" hidden><strong>These sentences are of all models, also those switched off.</strong></p>'
        "<noscript><p><strong>The charts need JavaScript; the tables below hold the same figures.</strong></p>"
        "</noscript></header>"
    )


def _is_said(compared: str, said: Sequence[str]) -> bool:
    return any(compared.casefold().rstrip(".") in one.casefold() for one in said)


def sweeps(document: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    """And the tables of what is printed."""
    sampled = [sweep for one in data["provenance"] for sweep in one["sweeps"]]
    return list(dict.fromkeys([*sampled, *(row["sweep"] for row in document.get("printed", ()))]))


def hide(axis: str, document: Mapping[str, Any]) -> str | None:
    return None if axis == document["axis"] else ""
