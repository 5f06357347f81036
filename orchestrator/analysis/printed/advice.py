"""What printed results say one should buy: the points that no other beats, and a sentence for each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage.frontier import best
from orchestrator.text.frontier_words import NAME, amount, as_printed
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_PAIRS = 3


def printed_frontier(table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of the cost table's points; none of several tables, whose problems may differ."""
    if len({row["sweep"] for row in table}) > 1:
        return []
    cost = np.array([row["usd_per_problem"] for row in table], np.float64)
    coverage = np.array([row["coverage"] for row in table], np.float64)
    return [
        {
            "usd_per_problem": float(cost[at]),
            "coverage": float(coverage[at]),
            "low": None,
            "high": None,
            "policy": {
                "kind": "fixed",
                "stop": "none",
                "order": [table[at]["model"]],
                "samples": {table[at]["model"]: table[at]["k"]},
            },
            "usd_per_problem_p90": None,
            "sampled_usd_per_problem": None,
            "sampled_coverage": None,
            "short_of_most_error": None,
        }
        for at in best(cost, coverage, np.ones(len(table), bool))
    ]


def printed_advice(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each of the first pairs, against the fewest attempts of the expensive model."""
    pairs: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in comparisons:
        pairs.setdefault((row["cheap"], row["expensive"]), row)
    return [_sentence(row) for row in list(pairs.values())[:_MOST_PAIRS]]


def _sentence(row: Mapping[str, Any]) -> str:
    cheap, aim = safe(row["cheap"], NAME), f"{row['expensive_k']:,} × {safe(row['expensive'], NAME)}"
    theirs, paid = as_printed(row["coverage_expensive"]), amount("usd", row["usd_expensive"])
    if row["cheap_k"] is None:
        return f"As printed, no number of {cheap} solves what {aim} does, {theirs} for {paid} a problem."
    many = f"{row['cheap_k']:,} × {cheap}"
    mine, cost = as_printed(row["coverage_cheap"]), amount("usd", row["usd_cheap"])
    if row["usd_cheap"] < row["usd_expensive"]:
        return f"As printed, buy {many}: {mine} for {cost} a problem, where {aim} solves {theirs} for {paid}."
    return f"As printed, buy {aim}: {theirs} for {paid} a problem; {many} solve {mine}, but for {cost}."
