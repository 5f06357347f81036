"""What the frontier's document rests on: how it was computed, on which problems, verdicts and prices; and `rank`."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.money.budget import rank
from orchestrator.coverage import bootstrap
from orchestrator.coverage import clusters as of_clusters
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.analysis.study import FrontierStudy

_METHOD = (
    "pass@k (Chen et al. 2021) by problem; bands: the wider of the bootstrap over problems and Korn and Graubard 1998; "
    "verdicts: step-down max-t (Romano and Wolf 2005) over all comparisons; frontier: corrected for selection (.632)"
)


def about(study: FrontierStudy, comparisons: int) -> dict[str, Any]:
    """`comparisons`: rows that verdicts are said over at once."""
    keys = sorted({key for one, _ in study.models for key in one.problems})
    return {
        "manyfew": version("manyfew"),
        "seed": bootstrap.SEED,
        "draws": bootstrap.DRAWS,
        "method": _METHOD,
        "comparisons": comparisons,
        "prices": {one.alias: _price(one.price) for one, _ in study.models},
        "problems_digest": _digest(keys),
    }


def ranked(study: FrontierStudy) -> dict[str, Any]:
    """`rank` on the problems that all models have."""
    ready = [(one, samples) for one, samples in study.models if samples.problems]
    common = set[str].intersection(*(set(one.problems) for one, _ in ready)) if ready else set[str]()
    aligned = {
        one.alias: samples.take(
            np.array([at for at, key in _ordered(one.problems) if key in common], np.int64)
        )
        for one, samples in ready
    }
    shares, money = rank(aligned) if common else ({}, None)
    return {"rank": shares, f"rank_{study.axis}_per_problem": money}


def clustered(study: FrontierStudy) -> dict[str, Any] | None:
    """The clusters that bands and verdicts rest on: their number, and the effective one; null where none are stated."""
    named = {key: name for one, _ in study.models for key, name in one.clusters.items()}
    asked_of = sorted({key for one, _ in study.models for key in one.problems})
    if not named or not asked_of:
        return None
    by = next(one.group_by for one, _ in study.models if one.clusters)
    numbers = np.unique([named.get(key, f"\0{key}") for key in asked_of], return_inverse=True)[1]
    effective = of_clusters.effective(numbers.reshape(-1))
    if effective < of_clusters.FEW:
        study.warnings.append(
            f"bands are for new problems of new values of {safe(str(by), 60)}, and {len(set(numbers.tolist())):,} "
            f"values weigh as {effective:.1f} of one size: fewer than {of_clusters.FEW} say little of others"
        )
    return {"by": by, "number": len(set(numbers.tolist())), "effective": effective}


def _ordered(problems: Iterable[str]) -> list[tuple[int, str]]:
    """By key, so that draws are paired between models."""
    return sorted(enumerate(problems), key=lambda item: item[1])


def _digest(keys: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode("utf-8", "surrogatepass")).hexdigest()


def _price(stored: str | None) -> dict[str, Any] | None:
    try:
        found: Any = json.loads(stored or "null")
        return (
            None if found is None else {key: found.get(key) for key in ("source", "name", "version", "date")}
        )
    except (ValueError, AttributeError):
        return None
