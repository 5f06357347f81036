"""`plan --next` for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.report.frontier_words import NAME
from orchestrator.report.money import PICO_PER_USD, usd
from orchestrator.report.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 8


def next_text(document: Mapping[str, Any]) -> str:
    of, given, over = (document[key] for key in ("comparison", "half_width", "half_width_over_problems"))
    cheap, dear = safe(of["cheap"], NAME), safe(of["dear"], NAME)
    money = usd(document["next_usd"] * PICO_PER_USD)
    lines = [
        f"The comparison: what {of['cheap_k']:,} x {cheap} cover, as many as one {dear} pays, less what",
        f"  {of['dear_k']:,} x {dear} covers, on {of['problems']:,} problems: {100 * of['difference']:+.1f} points",
        f"of these problems, 95%: ±{_points(given['now'])} now; with {money} more ±{_points(given['planned'])} as",
        f"  planned here, ±{_points(given['uniform'])} if spent evenly",
        f"over problems, 95%: ±{_points(over['now'])} now, ±{_points(over['planned'])} as planned here; no number",
        f"  of samples of these problems brings it below ±{_points(over['limit'])}",
    ]
    if (more := over["more_problems"]) is not None and more["half_width"] < over["planned"]:
        lines.append(
            f"for the band over problems new ones are better: {more['problems']:,} more, {more['samples']:,} samples "
            f"of each by either model, would bring ±{_points(more['half_width'])} (raise limit in [problems])"
        )
    for alias, model in document["models"].items():
        lines.append(
            f"{safe(alias, NAME)}: {model['samples']:,} more samples of {model['problems']:,} problems, about "
            f"{usd(model['expected_usd'] * PICO_PER_USD)}"
        )
        most = sorted(model["by_problem"], key=lambda row: row["there"] - row["samples"])[:_SHOWN]
        lines += [f"  {safe(row['problem'], 60)}: {row['there']:,} to {row['samples']:,}" for row in most]
        if model["problems"] > len(most):
            lines.append(f"  and {model['problems'] - len(most):,} more problems")
    return "\n".join(lines)


def _points(half_width: float) -> str:
    return f"{100 * half_width:.2f} points"
