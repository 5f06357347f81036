"""The models of a frontier as arrays, and what has to be said about their samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.analysis.money.waste import waste_warning
from orchestrator.grammar import by, many, part_of
from orchestrator.text.money import usd

if TYPE_CHECKING:
    from orchestrator.coverage.samples import Samples
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes


_COST = {"usd": "cost", "flops": "FLOPs", "tokens": "token count", "seconds": "time", "samples": "number"}
"""What is counted on each axis."""


@dataclass(slots=True)
class FrontierStudy:
    """The models as arrays in the axis' unit, and what had to be said about them."""

    axis: Axis
    models: list[tuple[Outcomes, Samples]]
    warnings: list[str] = field(default_factory=list[str])

    def warn(self, outcomes: Outcomes, text: str) -> None:
        self.warnings.append(f"{outcomes.alias}: {text}")


def warn_of_samples(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> None:
    counted = int(outcomes.n.sum())
    if outcomes.judged is not None and outcomes.judged.policy is not None:
        study.warn(outcomes, _of_policy(outcomes.judged.policy, counted, samples.problems))
        if not counted:
            return
    if not counted:
        remedy = "judge them with `verify`" if outcomes.samples else "sample them with `run`"
        there = "no samples"
        if outcomes.samples:
            whole = f"none of {outcomes.samples:,} samples has a verdict"
            there = by(outcomes.samples, "the one sample has no verdict", whole)
        study.warn(outcomes, f"{there}, so nothing can be estimated: {remedy}")
        return
    _warn_of_lost(study, outcomes)
    _warn_of_texts(study, outcomes, samples)
    if samples.problems == 1:
        study.warn(outcomes, "one problem says almost nothing about others")
    _warn_of_largest_k(study, outcomes, samples)
    if study.axis == "flops" and outcomes.uncosted == outcomes.samples > 0:
        study.warn(
            outcomes,
            "its FLOPs are unknown: add architecture = { parameters, layers, width } to its table and run again",
        )
    else:
        _warn_of_costs(study, outcomes, samples)
    if study.axis == "usd" and not outcomes.total_cost and outcomes.uncosted < outcomes.samples:
        study.warn(outcomes, "its samples cost $0 in the ledger")
    paid = int(outcomes.total_cost) + outcomes.presumed + outcomes.steered_pico
    stood = outcomes.stood.loading_pico + outcomes.stood.idle_pico
    text = waste_warning(outcomes.alias, outcomes.presumed, outcomes.unused, paid, stood=stood)
    if text is not None:
        study.warnings.append(text)
    if stood:
        study.warn(
            outcomes,
            f"its costs leave out the time of its server without a request: {usd(outcomes.stood.loading_pico)} for "
            f"loading, {usd(outcomes.stood.idle_pico)} idle",
        )
    if outcomes.presumed:
        study.warn(
            outcomes, f"its costs leave out {usd(outcomes.presumed)} for requests that may have been billed"
        )


def _warn_of_costs(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> None:
    """Where some are unknown: silence is never free."""
    what = _COST[study.axis]
    lacking = int(np.isnan(samples.cost).sum())
    if not lacking:
        if outcomes.uncosted:
            have, them = by(outcomes.uncosted, "has", "have"), by(outcomes.uncosted, "it", "them")
            lack = f"{many(outcomes.uncosted, 'sample')} {have} no known {what}"
            study.warn(outcomes, f"{lack}; means leave {them} out")
        return
    whose = "its samples" if lacking == samples.problems else f"all samples of {many(lacking, 'problem')}"
    remedy = "compare by samples instead (`--axis samples`)"
    if study.axis == "usd":
        remedy = f"import them with `--price ALIAS=IN/OUT` or `--usd-per-sample USD`, or {remedy}"
    study.warn(outcomes, f"the {what} of {whose} is unknown, so it is left out of what to buy: {remedy}")


def _of_policy(policy: str, counted: int, problems: int) -> str:
    """Why its coverage rests on few draws, or on none."""
    if policy == "narrow":
        return (
            f"its figures rest on {many(counted, 'sample')} of {many(problems, 'problem')}: the policy narrow chose "
            "how many of a problem by its other samples, the guides, which don't count"
        )
    chosen = (
        "the cascade asked it where other models had failed"
        if policy == "cascade"
        else "the policy solve chose its problems by outcomes"
    )
    if counted:
        return (
            f"{chosen}, so its figures rest on the {many(counted, 'sample')} of {many(problems, 'problem')} that no "
            f"outcome steered{'' if policy == 'cascade' else ' (measure)'}"
        )
    remedy = (
        "for its own, sample it in another sweep without [policy]"
        if policy == "cascade"
        else "state measure = 0.1 in [policy] for figures of its own"
    )
    return f"{chosen}, so nothing can be said of its own coverage: {remedy}"


def _warn_of_largest_k(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> None:
    largest = samples.largest_k
    open_n = outcomes.n if outcomes.first is None else outcomes.n[outcomes.first == 0]
    if not len(open_n) or open_n.max() <= largest:
        return
    if samples.sure_k is not None and largest == samples.sure_k:
        study.warn(
            outcomes,
            f"coverage ends at k = {largest:,}: its draws were cut off, and had nothing been solved they would have "
            f"gone no further. That unsolved problems got up to {many(int(open_n.max()), 'sample')} was up to "
            "outcomes, so coverage beyond would be biased: run it to its end for more",
        )
        return
    least = int((open_n == largest).sum())
    what = many(least, "problem" if outcomes.first is None else "unsolved problem")
    study.warn(
        outcomes,
        f"coverage ends at k = {largest:,}: {what} {by(least, 'has', 'have')} only that many samples with a verdict; "
        f"others have up to {int(open_n.max()):,}",
    )


def _warn_of_lost(study: FrontierStudy, outcomes: Outcomes) -> None:
    unjudged = outcomes.samples - int(outcomes.n.sum())
    if unjudged:
        have = by(unjudged, "has no verdict and doesn't", "have no verdict and don't")
        study.warn(outcomes, f"{part_of(unjudged, outcomes.samples, 'sample')} {have} count")
    if outcomes.failed:
        doesnt = by(outcomes.failed, "doesn't", "don't")
        study.warn(outcomes, f"{many(outcomes.failed, 'sample')} failed for good and {doesnt} count")
    if whole := len(outcomes.lost_whole):
        their, them, they = by(whole, "its", "their"), by(whole, "it", "them"), by(whole, "it", "they")
        study.warn(
            outcomes,
            f"{many(whole, 'problem')} lost all {their} samples: curves leave {them} out; comparisons count {them} as "
            f"unsolved, and as solved where {they} could turn a verdict",
        )
    steered = outcomes.judged is not None and outcomes.judged.policy is not None
    if (unasked := outcomes.without_verdict - whole) and not steered:
        asked = outcomes.without_verdict + len(outcomes.problems)
        have = by(unasked, "has no verdict yet and is", "have no verdict yet and are")
        study.warn(outcomes, f"{part_of(unasked, asked, 'problem')} {have} left out")
    if outcomes.repeats:
        names = ", ".join(path.name for path in outcomes.repeats)
        study.warn(outcomes, f"{names} holds the same draws again; they are counted once")


def _warn_of_texts(study: FrontierStudy, outcomes: Outcomes, samples: Samples) -> None:
    if outcomes.cut:
        study.warn(
            outcomes,
            f"{part_of(outcomes.cut, outcomes.samples, 'sample')} {by(outcomes.cut, 'was', 'were')} cut off at "
            f"max_tokens and {by(outcomes.cut, 'counts', 'count')} as wrong; a higher max_tokens may solve more",
        )
    if samples.apart is not None and (samples.apart > 0).any():
        study.warn(
            outcomes,
            "samples shared their requests' prompts: what to buy pays prompts as it would be bought, the curve "
            "as recorded",
        )
    if outcomes.unpaid_prompts == "surely" and study.axis == "usd":
        study.warn(
            outcomes,
            "samples shared their requests' prompts, and without a price nobody can tell what they cost apart, so "
            "asking one by one costs more than is shown: state a price (`reprice DB --price ALIAS=NAME`)",
        )
    elif outcomes.unpaid_prompts == "maybe" and study.axis in ("usd", "tokens"):
        study.warn(
            outcomes,
            "the log that it was imported from doesn't say which samples shared a request and its prompt: if some did, "
            "asking one by one costs more than is shown",
        )
    if samples.alike:
        study.warn(
            outcomes,
            f"all samples are the same text on {part_of(outcomes.alike, samples.problems, 'problem')} (temperature "
            "0, a cache or a fixed seed?), so more samples would bring nothing new",
        )
