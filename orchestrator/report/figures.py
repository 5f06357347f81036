"""How a model's figures are written, the same in the live display, in logs and in the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from orchestrator.grammar import by, part_of
from orchestrator.progress import ModelProgress, Progress, ServerProgress
from orchestrator.report.budget_parts import dollars
from orchestrator.text.duration import about, clock, span
from orchestrator.text.failure_words import in_words
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

FEW_VERDICTS = 100
LONGEST_SAID = 300
NAME = 60
"""Characters of a model's name in a sentence."""
MINUTE_S = 60
QUIET_S = 10.0
"""From so many seconds without a reply on it is said."""
MOST_OF_IT = 0.5
NONE = "-"
ALL_ASKED = "every problem is solved or has all its samples"
"""How a run is done whose policy ends problems at a success."""


def samples(model: ModelProgress) -> str:
    """1,234/6,400; of a model that only grades: none."""
    return NONE if not model.planned else f"{model.done:,}/{model.planned:,}"


def rate(per_s: float) -> str:
    """0.04, 1.2, 12.3, 1,234 samples a second; "0" if none came."""
    if per_s <= 0:
        return "0"
    if per_s < 0.995:
        return f"{per_s:.2f}"
    return f"{per_s:.1f}" if per_s < 99.95 else f"{per_s:,.0f}"


def solved(model: ModelProgress) -> str:
    """41/64"""
    return NONE if not model.planned else f"{model.solved_problems:,}/{model.problems:,}"


def coverage(model: ModelProgress, unknown: str = NONE) -> str:
    """The share of problems that are solved: unknown before the first verdict."""
    told = model.planned and not model.steered and (model.verified or model.solved_problems)
    return share(model.solved_problems, model.problems) if told else unknown


def pass_rate(model: ModelProgress, unknown: str = "-") -> str:
    """The share of judged samples that passed."""
    return unknown if model.steered else share(model.passed, model.verified, unknown)


def share(part: int, whole: int, unknown: str = "-") -> str:
    """19.8%, 3.25%, 0%, 100%: never rounded to 0% or 100% if it is not."""
    if whole <= 0:
        return unknown
    if part in (0, whole):
        return f"{100 * part // whole}%"
    percent = 100 * part / whole
    if percent < 0.01:
        return "<0.01%"
    return f"{percent:.2f}%" if percent < 9.995 else f"{min(percent, 99.9):.1f}%"


def in_flight(model: ModelProgress) -> str:
    """Requests, and in brackets the samples they carry: 8 (128)."""
    return f"{model.in_flight_requests:,} ({model.in_flight_samples:,})"


def cost(model: ModelProgress, places: int) -> str:
    """What it cost so far: settled and presumed; a recording's dollars in the digits that matter to it."""
    spent = model.settled_pico + model.presumed_pico
    return usd(spent) if model.replayed else dollars(spent, places)


def finished(model: ModelProgress) -> bool:
    """Of a model without samples of its own (one that grades, a cascade's stage that nothing has reached) nobody knows
    before the run ends."""
    return 0 < model.planned <= model.done + model.failed


def left(model: ModelProgress, unknown: str = "-") -> str:
    """The time it still needs, "done" or "stopped"."""
    if finished(model):
        return "done"
    if model.stopped is not None:
        return "stopped"
    if model.eta_s is None:
        return unknown
    return about(model.eta_s)


def is_at_work(progress: Progress) -> bool:
    return progress.phase in ("sampling", "draining", "verifying")


def remaining(progress: Progress) -> str:
    """The time until it ends, while it samples: "about 35 s left", "about 40 s of money left"."""
    if progress.phase != "sampling":
        return ""
    if (ends := money_ends(progress)) is not None:
        return f"about {about(ends[0])} of money left"
    return f"about {about(progress.eta_s)} left" if progress.eta_s else ""


def money_ends(progress: Progress) -> tuple[float, float] | None:
    """(seconds, the share of the samples that there will be by then), if at this pace the budget ends before the
    samples do."""
    if progress.pico_per_s <= 0 or progress.phase != "sampling":
        return None
    left = progress.budget_pico - progress.settled_pico - progress.presumed_pico
    seconds = max(0, left) / progress.pico_per_s
    if progress.eta_s is not None and progress.eta_s <= seconds:
        return None
    done, planned = sum(m.done for m in progress.models), sum(m.planned for m in progress.models)
    coming = sum(min(m.samples_per_s * seconds, _lacking(m)) for m in progress.models)
    at_work = {one.alias for one in progress.attempts}
    if any(m.alias in at_work and not m.samples_per_s for m in progress.models):
        rest = _rest_pico(progress)
        if rest is None or rest <= left:
            return None
        coming = sum(map(_lacking, progress.models)) * max(0, left) / rest
    return (seconds, min(1.0, (done + coming) / planned)) if planned else None


def _lacking(model: ModelProgress) -> int:
    return 0 if model.stopped is not None else model.planned - model.done - model.failed


def _rest_pico(progress: Progress) -> float | None:
    """What the samples that lack cost, each as much as those of its model so far; None before the first. It tells more
    than the pace where attempts take longer than the half minute that samples a second are counted over."""
    rest = 0.0
    for model in progress.models:
        if (lacking := _lacking(model)) <= 0:
            continue
        if not model.done:
            return None
        begun = sum(one.cost_pico for one in progress.attempts if one.alias == model.alias)
        rest += lacking * (model.settled_pico + model.presumed_pico - begun) / model.done - begun
    return rest


def server(one: ServerProgress, between: str = " · ") -> str:
    """loading for 12 s · GPU 0,1 · $5.00/h · Loading weights: 40%; ready after 2 min 3 s · …"""
    if one.phase == "loading":
        said = [f"loading for {span(one.since_s)}"]
    elif one.phase == "ready" and one.loading_s is not None:
        said = [f"ready after {span(one.loading_s)}"]
    else:
        said = [one.phase]
    if one.gpus:
        said.append(f"GPU {','.join(one.gpus)}")
    if one.usd_per_hour is not None:
        said.append(f"${one.usd_per_hour:,.2f}/h")
    if one.said:
        said.append(safe(one.said, LONGEST_SAID))
    return between.join(said)


def policy(progress: Progress) -> list[str]:
    """What steers the run, and what it brings: "solve buys cheap: 4.2 solved per $", "about 12 more for the rest of the
    money"."""
    of = progress.policy
    if of is None:
        return []
    said: list[str] = []
    if of.buys is not None and of.solves_per_usd is not None and progress.phase == "sampling":
        said.append(f"{of.kind} buys {safe(of.buys, NAME)}: {_few_digits(of.solves_per_usd)} solved per $")
    elif of.compares is not None:
        cheap, k, expensive = of.compares
        said.append(f"{of.kind}: {k:,} × {safe(cheap, NAME)} against 1 × {safe(expensive, NAME)}")
    elif any(n for _, n in of.stands) and progress.phase == "sampling":
        (first, n), *others = [(safe(alias, NAME), n) for alias, n in of.stands if n]
        said.append(
            ", ".join([f"{of.kind}: {n:,} unsolved at {first}", *(f"{n:,} at {at}" for at, n in others)])
        )
    else:
        said.append(of.kind)
    if of.part is not None and progress.phase == "sampling":
        said.append(f"part {of.part[0]:,} of {of.part[1]:,}")
    if (together := solved_together(progress)) is not None:
        said.append(together)
    if of.expected_solves is not None and progress.phase == "sampling":
        said.append(f"about {_still_open(progress, of.expected_solves):,.0f} more for the rest of the money")
    return said


def _still_open(progress: Progress, expected: float) -> float:
    """No more than are unsolved: a ledger that is watched may be further on than what the run said of it last."""
    problems = max((m.problems for m in progress.models), default=0)
    return expected if progress.solved_by_any is None else min(expected, problems - progress.solved_by_any)


def _few_digits(number: float) -> str:
    """Three that count: 12,600, 42.1, 0.00123."""
    if number < 0.0001:
        return "under 0.0001"
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 100 else f"{number:.3g}"


def pace(progress: Progress) -> list[str]:
    """What else a person wants to know while it samples, the most urgent first."""
    if progress.phase != "sampling":
        return []
    said: list[str] = []
    ends_s = progress.eta_s
    if (ends := money_ends(progress)) is not None:
        ends_s, at_share = ends
        if progress.policy is None or not progress.policy.may_leave_samples:
            said.append(f"the budget ends it at {min(99, round(100 * at_share))}% of the samples")
    if progress.policy is None and (together := solved_together(progress)) is not None:
        said.append(together)
    if progress.since_reply_s is not None and progress.since_reply_s >= QUIET_S:
        said.append(f"last reply {about(progress.since_reply_s)} ago")
    if ends_s and progress.at is not None:
        said.append(f"ends about {clock(progress.at + ends_s, progress.at)}")
    if progress.pico_per_s > 0:
        said.append(f"{usd(progress.pico_per_s * MINUTE_S)} a minute")
    if (takes := _takes_most(progress)) is not None:
        said.append(takes)
    return said


def solved_together(progress: Progress) -> str | None:
    """together 31 of 40 problems solved: where models share them, a model's own share says little."""
    if progress.solved_by_any is None:
        return None
    problems = max((m.problems for m in progress.models), default=0)
    return f"together {part_of(progress.solved_by_any, problems, 'problem')} solved"


def _takes_most(progress: Progress) -> str | None:
    """Which of several models takes most of the money."""
    paid = [m for m in progress.models if not m.replayed]
    spent = sum(m.settled_pico + m.presumed_pico for m in paid)
    if len(paid) < 2 or not spent:
        return None
    most = max(paid, key=lambda m: m.settled_pico + m.presumed_pico)
    part = (most.settled_pico + most.presumed_pico) / spent
    is_told = MOST_OF_IT <= part < 1
    return f"{safe(most.alias, 40)} takes {100 * part:.0f}% of the money" if is_told else None


def behind(progress: Progress) -> str:
    """Verdicts that are missing, if they are more than come and go all the time: ", 1,234 wait for a verdict"."""
    waiting = progress.unverified
    told = waiting >= FEW_VERDICTS or (waiting > 0 and progress.phase != "sampling")
    return f", {waiting:,} {by(waiting, 'waits', 'wait')} for a verdict" if told else ""


def state(model: ModelProgress) -> str:
    """Why nothing more goes out, or "": a stop outweighs a wait, and what is finished waits for nothing."""
    if model.stopped is not None:
        return f"stopped: {safe(model.stopped)}"
    if finished(model):
        return f"{model.failed:,} failed for good" if model.failed else ""
    return safe(model.waiting) if model.waiting else ""


def errors_by_kind(models: Iterable[ModelProgress], times: str = "×") -> list[str]:
    """["rate limited ×12, no connection ×1 (free)", "connection lost ×3 (counted at worst case)"], the most frequent
    first."""
    total: Counter[tuple[str, str]] = Counter()
    for model in models:
        total.update(in_words(model.errors))
    by_cost: dict[str, list[str]] = {}
    for (words, cost), count in total.most_common():
        if count > 0:
            by_cost.setdefault(cost, []).append(f"{safe(words, 40)} {times}{count:,}")
    return [", ".join(kinds) + (f" ({cost})" if cost else "") for cost, kinds in by_cost.items()]
