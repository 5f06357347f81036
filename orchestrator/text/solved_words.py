"""Problems solved by any model against dollars spent, where a policy chose who was asked: in words and in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.grammar import many, part_of
from orchestrator.text.frontier_words import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHARES = (0.25, 0.5, 0.75, 0.9, 1.0)
"""Of the problems that were solved in the end."""


class Step(NamedTuple):
    """`solved` for `usd`; `foretold`: what the same rule would have solved for it, told the spread of pass rates."""

    usd: float
    solved: int
    foretold: Mapping[str, Any] | None


def was_steered(document: Mapping[str, Any]) -> bool:
    """Whether a policy had verdicts choose who was asked, and the order of spending is known."""
    return document["about"].get("policy") is not None and bool(document.get("realised"))


def is_for_solving(document: Mapping[str, Any]) -> bool:
    """Whether the policy was to solve as much as the money buys, as `narrow` isn't."""
    return was_steered(document) and document["about"]["policy"] != "narrow"


def steps(document: Mapping[str, Any], shares: Sequence[float] = SHARES) -> list[Step]:
    """When such shares of what was solved were solved, and the end."""
    realised: list[Mapping[str, Any]] = document["realised"]
    told: Sequence[Mapping[str, Any]] = document.get("foretold") or []
    foretold = {point["usd"]: point for point in told}
    points = [point for point in realised if not foretold or point["usd"] in foretold]
    last = realised[-1]
    found: dict[float, Step] = {}
    for share in shares:
        first = next((point for point in points if point["solved"] >= share * last["solved"]), last)
        found[first["usd"]] = Step(first["usd"], first["solved"], foretold.get(first["usd"]))
    found[last["usd"]] = Step(last["usd"], last["solved"], foretold.get(last["usd"]))
    return sorted(found.values())


def together(document: Mapping[str, Any]) -> str:
    """What the models solved between them and for what, and how far behind the same rule that was, told the spread."""
    *before, last = steps(document, (0.5, 0.9, 1.0))
    cited = document["citation"]
    solved = many(last.solved, "problem")
    if len(cited) == 1:
        solved = part_of(last.solved, cited[0]["problems"], "problem")
    told = [f"{step.solved:,} for {amount('usd', step.usd)}" for step in before if step.solved]
    for_less = f" ({', '.join(told)})" if told and is_for_solving(document) else ""
    said = f"Together they solved {solved}{for_less}."
    if (behind := document.get("regret")) is not None and last.foretold is not None:
        low, high = (last.foretold[side] for side in ("low", "high"))
        said += (
            f" Told the spread of pass rates from the start, the same rule would have solved about "
            f"{last.foretold['solved']:.0f} of {behind['problems']:,} ({low:.0f}–{high:.0f})."
        )
    return said


def cells(document: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a table."""
    found = steps(document)
    foretold = any(step.foretold is not None for step in found)
    heads = ["dollars spent", "solved by any", *(["predicted", "95% band"] if foretold else [])]
    return heads, [
        [amount("usd", step.usd), f"{step.solved:,}", *_foretold(step, foretold)] for step in found
    ]


def _foretold(step: Step, shown: bool) -> list[str]:
    if not shown:
        return []
    of = step.foretold
    return ["–", "–"] if of is None else [f"{of['solved']:.0f}", f"{of['low']:.0f}–{of['high']:.0f}"]
