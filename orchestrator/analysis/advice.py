"""What to buy, in plain words: the paragraph on top of the frontier. Says no more than the figures below it do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.text.frontier_words import NAME, amount, bought, largest_k, likelihood, percent
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_PAIRS = 3
_SURE = 0.95


def advice(document: Mapping[str, Any]) -> list[str]:
    """Sentences for the document's axis; none if there is nothing to choose from."""
    axis = document["axis"]
    pairs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in document["comparisons"]:
        pairs.setdefault((row["cheap"], row["expensive"]), []).append(row)
    said = [_pair(document, rows) for rows in list(pairs.values())[:_MOST_PAIRS]]
    if len(pairs) > _MOST_PAIRS:
        said.append(f"{len(pairs) - _MOST_PAIRS:,} more pairs are in the table.")
    return said + _most(document, axis) + _only(document, len(document["models"]))


def _pair(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Against one expensive sample first; against all of them if that says something else."""
    first, last = rows[0], rows[-1]
    text = _row(document, first)
    if last is not first and _answer(last) != _answer(first):
        text += " " + _row(document, last)
    return text


def _answer(row: Mapping[str, Any]) -> str:
    if row["probability"] >= _SURE:
        return "many"
    return "few" if row["probability"] <= 1 - _SURE else "open"


def _row(document: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    axis = document["axis"]
    cheap, expensive = safe(row["cheap"], NAME), safe(row["expensive"], NAME)
    aim = f"{row['expensive_k']:,} × {expensive}"
    answer, likely = _answer(row), likelihood(row["probability"])
    against = f"{amount(axis, row[f'{axis}_expensive'])} a problem"
    if answer == "many":
        return (
            f"Buy many of {cheap}: {_count(row)} × {cheap} solve as much as {aim} "
            f"({percent(row['coverage_expensive'])}) for {amount(axis, row[f'{axis}_cheap'])} instead of {against} "
            f"({likely})."
        )
    if answer == "few":
        solves = percent(row["coverage_expensive"])
        sure = likelihood(1 - row["probability"])
        if row["cheap_k"] is None:
            least = f"Even {largest_k(document, row['cheap']):,} × {cheap} solve less ({sure})."
            return f"Buy {aim} to solve {solves}, for {against}. {least}"
        needed = f"{_count(row)} × {cheap} would be needed, for {amount(axis, row[f'{axis}_cheap'])}"
        return f"Buy {aim} to solve {solves}, for {against}: {needed} ({sure})."
    return f"Whether {cheap} solves what {aim} does for less is open ({likely}): more problems would tell."


def _count(row: Mapping[str, Any]) -> str:
    return "some" if row["cheap_k"] is None else f"{row['cheap_k']:,}"


def _most(document: Mapping[str, Any], axis: str) -> list[str]:
    at_once, stopping = document["frontier_without_stopping"], document["frontier"]
    if not at_once:
        return []
    last = at_once[-1]
    capped = any(value is not None for value in document["cap"].values())
    text = (
        f"The most that {'the cap allows' if capped else 'was reached'}, {percent(last['coverage'])}, takes "
        f"{bought(last['policy'])}: {amount(axis, last[f'{axis}_per_problem'])} a problem"
    )
    cheaper = [p for p in stopping if p["policy"]["stop"] != "none" and p["coverage"] >= last["coverage"]]
    if cheaper:
        best = cheaper[0]
        text += (
            f"; if a verifier stops at the first right answer, "
            f"{amount(axis, best[f'{axis}_per_problem'])} ({bought(best['policy'])})"
        )
    return [f"{text}."]


def _only(document: Mapping[str, Any], models: int) -> list[str]:
    """Of two models only: of more the table says it."""
    if models != 2:
        return []
    return [
        f"Of {row['problems']:,} problems {len(row['only_first']):,} were solved by "
        f"{safe(row['models'][0], NAME)} alone, {len(row['only_second']):,} by {safe(row['models'][1], NAME)} alone, "
        f"{row['neither']:,} by neither."
        for row in document["solved_by_one"]
    ]
