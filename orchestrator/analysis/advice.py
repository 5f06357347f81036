"""What to buy, in plain words: the paragraph on top of the frontier. Says no more than the figures below it do, and
recommends only rows of the frontier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.grammar import by, many
from orchestrator.text.comparison_words import sentence
from orchestrator.text.frontier_words import NAME, bought, per_thousand, percent
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEAR = 0.01
"""Coverage below the most that isn't worth paying much for, where its standard error isn't known."""
_MOST_OF_IT, _LESS = 0.8, 0.6
"""A cheaper buy is worth a sentence if it covers this share of what the first one does, for this share of its cost."""
_MOST_BUYS = 12
_STEP = 0.01

Document = Mapping[str, Any]
Row = Mapping[str, Any]


def advice(document: Document) -> list[str]:
    """Sentences for the document's axis; none where nothing was solved or there is nothing to choose from."""
    buys = _buys(document)
    if not buys or not _anything_solved(document):
        return []
    return buys + _many_or_few(document) + _only(document)


def best_buys(frontier: Sequence[Row], axis: str) -> list[Row]:
    """At most 12 rows: the first and the last, those that the advice recommends, and one for each step of coverage
    worth naming between them."""
    if not frontier:
        return []
    named = [frontier[0], *recommended(frontier, axis), frontier[-1]]
    span = frontier[-1]["coverage"] - frontier[0]["coverage"]
    step = max(_STEP, span / (_MOST_BUYS + 1 - len(named)))
    kept: list[Row] = []
    for row in frontier:
        near = [*kept[-1:], *named]
        if any(row is one for one in named) or all(
            abs(row["coverage"] - one["coverage"]) >= step for one in near
        ):
            kept.append(row)
    return kept


def recommended(frontier: Sequence[Row], axis: str) -> list[Row]:
    """The cheapest row that covers as much as the last one as far as these problems tell (within a standard error:
    Breiman et al. 1984), and a much cheaper one, if there is one, that reaches most of that."""
    cost = f"{axis}_per_problem"
    most = frontier[-1]["coverage"]
    first = next(row for row in frontier if most - row["coverage"] <= _unseen(row))
    cheaper = (
        row
        for row in frontier
        if row["coverage"] >= _MOST_OF_IT * first["coverage"] and row[cost] <= _LESS * first[cost] > 0
    )
    return [first, *list(cheaper)[:1]]


def _unseen(row: Row) -> float:
    error = row["short_of_most_error"]
    return _NEAR if error is None else error


def _anything_solved(document: Document) -> bool:
    return any(point["coverage"] > 0 for model in document["models"].values() for point in model["coverage"])


def _buys(document: Document) -> list[str]:
    axis, rows = document["axis"], document["frontier"]
    if not rows:
        return []
    first, *cheaper = recommended(rows, axis)
    capped = any(value is not None for value in document["cap"].values())
    within = "Within the cap, buy" if capped else "Buy"
    return [
        f"{within} {_priced(first, axis)}.",
        *(f"To pay less, buy {_priced(row, axis)}." for row in cheaper),
    ]


def _priced(row: Row, axis: str) -> str:
    stops = "" if row["policy"]["stop"] == "none" else ", stopping at the first right answer"
    cost = per_thousand(axis, row[f"{axis}_per_problem"])
    return f"{bought(row['policy'])}{stops}: {percent(row['coverage'])} for {cost}"


def _many_or_few(document: Document) -> list[str]:
    """Of the pair that the frontier is made of: against one expensive sample, and against all if that says something
    else."""
    rows = _pair_that_matters(document)
    if not rows:
        return []
    axis = document["axis"]
    first, last = rows[0], rows[-1]
    told = [f"Many or few? {_begun(sentence(first, axis))}."]
    if last["verdict"] != first["verdict"] or last["open_because"] != first["open_because"]:
        told.append(f"{_begun(sentence(last, axis))}.")
    return told


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pair_that_matters(document: Document) -> list[Row]:
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in document["comparisons"]:
        pairs.setdefault((row["cheap"], row["expensive"]), []).append(row)
    used = Counter(alias for row in document["frontier"] for alias in row["policy"]["order"])
    if not pairs:
        return []
    return max(
        pairs.items(),
        key=lambda item: (
            min(used[alias] for alias in item[0]),
            sum(used[alias] for alias in item[0]),
            item[1][-1]["coverage_expensive"],
        ),
    )[1]


def _only(document: Document) -> list[str]:
    """Of two models only: of more the table says it."""
    if len(document["models"]) != 2:
        return []
    return [
        f"Of {many(row['problems'], 'problem')} {len(row['only_first']):,} "
        f"{by(len(row['only_first']), 'was', 'were')} solved by {safe(row['models'][0], NAME)} alone, "
        f"{len(row['only_second']):,} by {safe(row['models'][1], NAME)} alone, {row['neither']:,} by neither."
        for row in document["solved_by_one"]
    ]
