"""`plan --next` for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from orchestrator.grammar import by, many
from orchestrator.text.frontier_words import NAME
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 8
_WIDTH = 80


def next_text(document: Mapping[str, Any]) -> str:
    of, given, over = (document[key] for key in ("comparison", "half_width", "half_width_over_problems"))
    cheap, expensive = safe(of["cheap"], NAME), safe(of["expensive"], NAME)
    money = usd(document["next_usd"] * PICO_PER_USD)
    stops = of["stop"] == "first_success"
    lines = _comparison(of, cheap, expensive, stops=stops)
    lines += [
        (
            f"of these problems, 95%: ±{_points(given['now'])} now; with {money} more ±{_points(given['planned'])} as "
            f"planned here, ±{_points(given['uniform'])} if spent evenly"
        ),
        (
            f"over problems, 95%: ±{_points(over['now'])} now, ±{_points(over['planned'])} as planned here; no number "
            f"of samples of these problems brings it below ±{_points(over['limit'])}"
        ),
    ]
    if stops:
        lines.append(
            f"about {usd(document['settles_all_usd'] * PICO_PER_USD)} settles all of it on these problems"
        )
    if (more := over["more_problems"]) is not None and more["half_width"] < over["planned"]:
        each = (
            "each asked until solved"
            if stops
            else f"{many(more['samples'], 'sample')} of each by either model"
        )
        lines.append(
            f"for the band over problems new ones are better: {more['problems']:,} more, {each}, would bring "
            f"±{_points(more['half_width'])} (raise limit in [problems])"
        )
    if (parts := document["parts"]) > 1:
        part = usd(document["next_usd"] * PICO_PER_USD / parts).removeprefix("$")
        lines.append(
            f"that is more than what is there cost: spent in {parts} parts (--next {part}, run, and again), each "
            "planned with what the last one showed, it narrows more"
        )
    lines = [textwrap.fill(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in lines]
    for alias, model in document["models"].items():
        lines += _model(alias, model, stops=stops)
    return "\n".join(lines)


def _comparison(of: Mapping[str, Any], cheap: str, expensive: str, *, stops: bool) -> list[str]:
    difference = f"on {many(of['problems'], 'problem')}: {100 * of['difference']:+.1f} points"
    if not stops:
        many_cover, few_cover = (by(of[k], "covers", "cover") for k in ("cheap_k", "expensive_k"))
        return [
            (
                f"The comparison: what {of['cheap_k']:,} × {cheap} {many_cover}, as many as one {expensive} pays, less "
                f"what {of['expensive_k']:,} × {expensive} {few_cover}, {difference}"
            )
        ]
    return [
        (
            f"The comparison: what up to {of['cheap_k']:,} × {cheap} solve, as many as {of['expensive_k']:,} × "
            f"{expensive} pay, less what up to {of['expensive_k']:,} × {expensive} solve, {difference} "
            "(what was not tried stands at the chance that the fitted spread gives it; a solved problem needs no more)"
        ),
    ]


def _model(alias: str, model: Mapping[str, Any], *, stops: bool) -> list[str]:
    if not model["samples"]:
        return [f"{safe(alias, NAME)}: no more"]
    samples, problems = model["samples"], model["problems"]
    what = f"{many(samples, 'more sample')} of {many(problems, 'problem')}"
    if stops:
        what = f"up to {many(samples, 'more attempt')} at {many(problems, 'unsolved problem')}"
    spent = usd(model["expected_usd"] * PICO_PER_USD)
    lines = [f"{safe(alias, NAME)}: {what}, about {spent}"]
    most = sorted(model["by_problem"], key=lambda row: row["there"] - row["samples"])[:_SHOWN]
    lines += [f"  {safe(row['problem'], 60)}: {row['there']:,} to {row['samples']:,}" for row in most]
    if model["problems"] > len(most):
        lines.append(f"  and {many(model['problems'] - len(most), 'more problem')}")
    return lines


def _points(half_width: float) -> str:
    return f"{100 * half_width:.2f} points"
