"""Recognises draws that are in two ledgers: a ledger and its backup hold the same samples, and must not count twice."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from math import lgamma, log
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.grammar import by
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.sample_text import FROM_FILE, text_sql
from orchestrator.ledger.file.trouble import reading
from orchestrator.text.command import command

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

_LOOK = 20
"""Problems whose draws are compared with their texts, to tell whether two ledgers have draws in common."""
_TELLING = 0.5
"""Share of these draws that must differ from one another: texts that are all alike prove nothing."""

_BITS = 20
"""Samples that a file brought state no time of their own, and texts may be short or none: their order over each
problem's places has to tell that much before they count as the same."""
_TEXT = 200
"""Characters of texts that differ from one another which tell by themselves."""

_Draws = dict[tuple[str, int], tuple[Any, ...]]


def without_repeats(parts: Sequence[Outcomes]) -> tuple[list[Outcomes], tuple[Path, ...]]:
    """`parts`: one model in several ledgers. Without those that hold only draws of another, and their ledgers. Raises
    InputError where two have but some of their draws in common."""
    kept: list[Outcomes] = []
    repeats: list[Path] = []
    for part in sorted(parts, key=lambda one: -one.samples):
        if any(_repeats(other, part) for other in kept):
            repeats += part.ledgers
        else:
            kept.append(part)
    return [part for part in parts if any(part is one for one in kept)], tuple(repeats)


def _repeats(larger: Outcomes, smaller: Outcomes) -> bool:
    shared = sorted(set(larger.problems) & set(smaller.problems))
    if not shared or larger.ledgers == smaller.ledgers:
        return False
    some = [_draws(one, shared[:_LOOK]) for one in (larger, smaller)]
    if not _same(*some):
        return False
    whole = [_draws(one, None) for one in (larger, smaller)]
    common = sum(whole[0].get(key) == draw for key, draw in whole[1].items())
    if common == len(whole[1]):
        return True
    raise InputError(
        f"{larger.ledgers[0]} and {smaller.ledgers[0]}",
        f"hold the same draws of {smaller.alias}: {common:,} of {len(whole[1]):,} {by(common, 'is', 'are')} in both",
        f"name one of them, or make one ledger of both: {command('merge OUT DB DB')}",
    )


def _same(one: _Draws, other: _Draws) -> bool:
    """Whether draws at the same places are the same, and could have told if they weren't."""
    common = [key for key, draw in other.items() if one.get(key) == draw]
    if not common:
        return False
    if any(other[key][0] is None for key in common):
        return len(common) == len(other) and _surely_same(other)
    told = {other[key] for key in common}
    moments = {other[key][0] for key in common}
    return len(told) > _TELLING * len(common) or any(moment % 1 for moment in moments)


def _surely_same(draws: _Draws) -> bool:
    """Whether draws of a file couldn't be all the same at all places by chance: independent ones come in any order."""
    if sum(len(text) for text in {draw[-1] for draw in draws.values() if draw[-1]}) > _TEXT:
        return True
    by_problem: dict[str, Counter[tuple[Any, ...]]] = {}
    for (problem, _), draw in draws.items():
        by_problem.setdefault(problem, Counter())[draw] += 1
    orders = (lgamma(of.total() + 1) - sum(lgamma(n + 1) for n in of.values()) for of in by_problem.values())
    return sum(orders) >= _BITS * log(2)


def _draws(part: Outcomes, problems: Sequence[str] | None) -> _Draws:
    """By problem and sample_index: when and how each sample came; with its text where `problems` are named."""
    ((path, model),) = part.rows
    with reading(path), closing(open_reader(path)) as connection:
        if problems is None:
            return _rows(connection, model, "", {})
        marks = ", ".join(f":p{at}" for at in range(len(problems)))
        named = {f"p{at}": key for at, key in enumerate(problems)}
        return _rows(connection, model, f"AND problem.key IN ({marks})", named)


def _rows(connection: sqlite3.Connection, model: int, only: str, named: Mapping[str, str]) -> _Draws:
    """(moment, latency, cost, tokens, verdict, text). Of what a tape or an undated file brought, moment and latency are
    None, and the verdict stands for a text that it lacks. Texts are read where `only` names problems."""
    whole = text_sql("sample")
    text = whole if only else f"length({whole})"
    rows = connection.execute(
        f"SELECT problem.key, sample_index, created_at, latency_s, cost_pico, prompt_tokens, completion_tokens, "
        f"passed, {text}, {FROM_FILE.format('sample', 'merged_request')}, cost_basis = 'replayed' "
        f"FROM sample JOIN problem ON problem.id = sample.problem_id WHERE model_id = :model {only}",
        {"model": model, **named},
    ).fetchall()
    moments = [row[2] for row in rows if row[9]]
    undated = 2 * len(set(moments)) <= len(moments)  # it is when they were imported
    found: _Draws = {}
    for key, index, moment, latency, *counts, passed, said, of_file, replayed in rows:
        if replayed or (of_file and undated):
            found[key, index] = (None, None, *counts, None if said else passed, said)
        else:
            found[key, index] = (moment, latency, *counts, None, said if only else None)
    return found
