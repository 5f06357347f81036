"""A comparison in words, the same on the terminal, in the report and in the advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.text.frontier_words import NAME, chance, counted, for_the_same, percent
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping


FEWEST_PROBLEMS = 6
"""Of fewer nothing is said: five heads in a row are chance."""


def sentence(row: Mapping[str, Any], axis: str) -> str:
    """What the comparison says, and how sure that is."""
    cheap, aim = safe(row["cheap"], NAME), f"{row['expensive_k']:,} × {safe(row['expensive'], NAME)}"
    covers = percent(row["coverage_expensive"])
    if row["verdict"] == "cheap":
        k, coverage, cost = _said(row, axis)
        saved = _as_share(row[f"{axis}_expensive"] / cost if cost else None)
        return (
            f"{k:,} × {cheap} {_solve(k)} at least what {aim} {_does(row)} ({percent(coverage)} and {covers})"
            f"{saved}; sure{_estimated(row, k)}"
        )
    if row["verdict"] == "expensive":
        than = f"{_as_many(row, axis)} ({covers} and {_for_it(row)})"
        return f"{aim} {_solve(row['expensive_k'])} more than {than}; sure"
    return f"open: {_open(row, axis, aim, covers)}"


def _open(row: Mapping[str, Any], axis: str, aim: str, covers: str) -> str:
    cheap = safe(row["cheap"], NAME)
    if row["open_because"] == "more samples":
        likely = (
            ""
            if row["probability"] is None
            else f" (extrapolated: {_likely(row['probability'])} for {cheap})"
        )
        said = (
            f"{aim} ({covers}) {_cost(row)} as much as {row['affordable_k']:,} × {cheap}, and only "
            f"{row['compared_k']:,} {'was' if row['compared_k'] == 1 else 'were'} sampled ({_for_it(row)}){likely}"
        )
    elif row["open_because"] == "lost samples":
        judged = row["cheap"] if row["verdict_if_none_lost"] == "cheap" else row["expensive"]
        told = (
            f"the samples with a verdict speak for {safe(judged, NAME)}, but the lost ones could turn that"
            if row["verdict_if_none_lost"] != "open"
            else "lost samples end the curve too early to tell"
        )
        said = f"{_as_many(row, axis)} ({_for_it(row)}) or {aim} ({covers}): {told}"
    elif row["coverage_expensive"] <= 0 and row["coverage_compared"] <= 0:
        return f"neither {_as_many(row, axis)} nor {aim} {_solve(row['expensive_k'])} anything"
    else:
        said = f"{_as_many(row, axis)} {_solve(row['compared_k'])} {_for_it(row)}, {aim} {covers}"
        said += f" ({_likely(row['probability'])} for {cheap})"
        if (problems := row["problems"]) < FEWEST_PROBLEMS:
            said += "; one problem is" if problems == 1 else f"; {problems} problems are"
            said += " too few to tell"
    return f"{said}{_settled(row, axis)}"


def _settled(row: Mapping[str, Any], axis: str) -> str:
    found = row["settle"]
    if found is None:
        return ""
    cost = f" ({counted(axis, found[axis])})" if found[axis] else ""
    if row["open_because"] == "more samples":  # what they will show isn't known before
        then = found.get("then")
        more = "" if then is None else f" and then {then['what']} ({counted(axis, then[axis])})"
        return f"; it takes at least {safe(found['what'])}{cost}{more} to tell"
    return f"; {safe(found['what'])}{cost} would tell"


def _said(row: Mapping[str, Any], axis: str) -> tuple[int, float, float]:
    """The number of cheap samples to name: so many that they cover as much in 95% of draws, if they are affordable."""
    sure, most = row["sure_k"], row["affordable_k"]
    if sure is not None and (most is None or sure <= most):
        return sure, row["coverage_sure"], row[f"{axis}_sure"]
    return row["compared_k"], row["coverage_compared"], row[f"{axis}_compared"]


def _estimated(row: Mapping[str, Any], said: int) -> str:
    """The fewest, as estimated, with their band."""
    if row["cheap_k"] in (None, said):
        return ""
    high = "more than were sampled" if row["cheap_k_high"] is None else f"{row['cheap_k_high']:,}"
    return f" ({row['cheap_k']:,} as estimated, 95%: {row['cheap_k_low'] or 0:,} to {high})"


def _as_many(row: Mapping[str, Any], axis: str) -> str:
    return f"the {row['compared_k']:,} × {safe(row['cheap'], NAME)} {for_the_same(axis)}"


def _for_it(row: Mapping[str, Any]) -> str:
    return percent(row["coverage_compared"])


def _solve(k: int) -> str:
    return "solves" if k == 1 else "solve"


def _does(row: Mapping[str, Any]) -> str:
    return "does" if row["expensive_k"] == 1 else "do"


def _cost(row: Mapping[str, Any]) -> str:
    return "costs" if row["expensive_k"] == 1 else "cost"


def _likely(share: float) -> str:
    return f"probability {chance(share)}"


def for_as_much(row: Mapping[str, Any], axis: str) -> str | None:
    """Coverage for the same cost; None if the cheap side costs nothing."""
    found = row[f"equal_{axis}"]
    if found is None:
        return None
    cheap = safe(row["cheap"], NAME)
    if not found["cheap_k"]:
        return f"{for_the_same(axis)}: not one sample of {cheap}"
    least = "at least " if found["capped"] else ""
    gain = f"{100 * found['gain']:+.1f} points"
    if found["gain_low"] is not None and found["gain_high"] is not None:
        gain += f", {100 * found['gain_low']:+.1f} to {100 * found['gain_high']:+.1f}"
    more = "all that were sampled, " if found["capped"] else ""
    covered = f"{least}{percent(found['coverage_cheap'])} ({gain})"
    return f"{for_the_same(axis)}: {found['cheap_k']:,} × {cheap}, {more}{covered}"


def turning(row: Mapping[str, Any]) -> str | None:
    """At which ratio of the two prices the answer changes; None if no number of cheap ones reaches the expensive."""
    found = row["turns_at"]
    if found["value"] is None or row["price_ratio"] is None:
        return None
    span = ""
    if found["low"] is not None:
        high = " × or more" if found["high"] is None else f"–{found['high']:.3g} ×"
        span = f" (95%: {found['low']:.3g}{high})"
    expensive, cheap = safe(row["expensive"], NAME), safe(row["cheap"], NAME)
    verb, less = ("stays", "unless") if row["price_ratio"] > found["value"] else ("becomes", "if")
    than = "less than" if less == "unless" else "more than"
    return (
        f"{cheap} {verb} the better buy {less} {expensive} costs {than} {found['value']:.3g} × as much per "
        f"sample{span}; now it costs {row['price_ratio']:.3g} ×"
    )


def _as_share(ratio: float | None) -> str:
    """`ratio` of expensive to cheap, as what share of the expensive one's cost the cheap one takes."""
    if ratio is None:
        return ""
    if 0.95 < ratio < 1.05:
        return ", at the same cost"
    if ratio >= 100:
        return f", at 1/{ratio:,.0f} of the cost"
    return f", at {1 / ratio:.2g} of the cost" if ratio >= 1 else f", but at {1 / ratio:.3g} times the cost"
