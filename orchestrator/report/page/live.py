"""The page of a run that works: a shell that holds nothing of any ledger, and what it asks for."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from orchestrator.report import figures
from orchestrator.report.budget_parts import dollars, parts_of
from orchestrator.report.page.page import scripts, style
from orchestrator.text.duration import span
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestrator.progress import Progress

LONGEST = 2000
"""Characters of a sample's text among the last."""
_HEADS = (
    "model",
    "samples",
    "per second",
    "solved",
    "pass rate",
    "in flight",
    "cost",
    "left",
    "coverage",
    "state",
)


def shell(nonce: str, program: str) -> str:
    """Its scripts and styles bear the nonce; without its token it stays empty."""
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    own = files("orchestrator.report.page").joinpath("live.js").read_text("utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>manyfew watch</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style nonce="{nonce}">{style()}</style></head><body>'
        '<p id="live-state" class="advice" role="status"></p>'
        '<main id="live" hidden><ul id="live-said"></ul><table><tbody id="live-money"></tbody></table>'
        f'<h2>Models</h2><div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        '<tbody id="live-models"></tbody></table></div>'
        '<h2 id="live-errors-head" hidden>Failed requests</h2><ul id="live-errors"></ul>'
        '<h2>Last samples</h2><div id="live-last"></div>'
        '<h2>Report <button type="button" id="live-refresh">Refresh</button> '
        '<small id="live-as-of" class="faint"></small></h2><div id="report"></div></main>'
        "<noscript><p>This page needs JavaScript.</p></noscript>"
        f'<script nonce="{nonce}">{program}</script><script nonce="{nonce}">{scripts()}{own}</script></body></html>\n'
    )


def policy(nonce: str) -> str:
    """Nothing from elsewhere, nothing in a frame, no script or style but these."""
    return (
        f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def live_document(progress: Progress, last: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of the live display, as texts."""
    parts = parts_of(progress)
    rest = figures.remaining(progress)
    said = [*figures.pace(progress), *([safe(progress.note)] if progress.note else [])]
    money = [
        ("budget", dollars(progress.budget_pico, parts.places)),
        ("settled", dollars(progress.settled_pico, parts.places)),
        ("presumed", dollars(progress.presumed_pico, parts.places)),
        ("reserved", dollars(progress.reserved_pico, parts.places)),
    ]
    if progress.replayed_pico:
        money.append(("replayed, not spent", usd(progress.replayed_pico)))
    return {
        "name": safe(progress.name),
        "over": not figures.is_at_work(progress),
        "state": ", ".join(filter(None, [progress.phase, span(progress.elapsed_s), rest]))
        + figures.behind(progress),
        "said": said,
        "money": money,
        "models": [
            {
                "name": safe(model.alias),
                "figures": [
                    figures.samples(model),
                    figures.rate(model.samples_per_s),
                    figures.solved(model),
                    figures.pass_rate(model),
                    figures.in_flight(model),
                    figures.cost(model, parts.places),
                    figures.left(model),
                ],
                "solved": model.solved_problems / model.problems if model.problems else 0.0,
                "state": figures.state(model),
            }
            for model in progress.models
        ],
        "errors": figures.errors_by_kind(progress.models),
        "last": [_last(row) for row in last],
    }


def _last(row: Mapping[str, Any]) -> dict[str, Any]:
    verdict = {1: "right", 0: "wrong"}.get(row["passed"], "no verdict yet")
    text: str = row["text"] or "(empty)"
    return {
        "said": f"{safe(row['model'])} · {safe(row['problem'])} #{row['sample_index']} · {verdict}",
        "passed": row["passed"],
        "text": text if len(text) <= LONGEST else f"{text[:LONGEST]}…",
    }
