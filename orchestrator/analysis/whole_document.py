"""The documents of `frontier --json` and `compare --json`, whole: samples, printed results, and how to cite them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.analysis.policies import NO_CAP

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from orchestrator.analysis.policies import Cap
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes, Side


class FrontierDocuments(NamedTuple):
    """`sampled` is of the samples alone, for screens that show printed results apart; `whole` has both."""

    sampled: dict[str, Any]
    whole: dict[str, Any]
    repeats: frozenset[Path] = frozenset()
    """Ledgers that hold only draws of another, such as a bundle beside the ledger it was made of."""
    read: Mapping[Axis | Side, Sequence[Outcomes]] = MappingProxyType({})
    """The samples themselves, on every axis that was asked for."""


class Verdicts(NamedTuple):
    """Whose verdicts the document rests on, as the user says. All None: the current set."""

    accept: str | None = None
    truth: str | None = None
    false_pass: tuple[float, float] | None = None


def frontier_documents(
    paths: Sequence[Path],
    axis: Axis,
    cap: Cap = NO_CAP,
    *,
    verdicts: Verdicts | None = None,
    problems: int | None = None,
    always_digest: bool = False,
    axes: Sequence[Axis | Side] = (),
) -> FrontierDocuments:
    """Raises InputError for what is no ledger. `problems`: how many `budget` is for. `always_digest`: also if a digest
    of the samples takes long. `axes`: on which the samples are read as well."""
    from concurrent.futures import ThreadPoolExecutor

    from orchestrator.analysis.acceptance import verdicts_document
    from orchestrator.analysis.agents import add_agents
    from orchestrator.analysis.frontier import frontier_document
    from orchestrator.analysis.printed.results import with_printed
    from orchestrator.analysis.selection import with_selection
    from orchestrator.ledger.importing.printed_results import read_printed
    from orchestrator.ledger.reading.money.agent_costs import read_agent_costs
    from orchestrator.ledger.reading.money.solved_by_any import realised
    from orchestrator.ledger.reading.outcomes.judged import ChosenSets
    from orchestrator.ledger.reading.outcomes.outcomes import read_axes
    from orchestrator.ledger.reading.samples.citation import citation_document, cite

    by = verdicts or Verdicts()
    # Of many samples each of these is a scan, which SQLite makes on a core of its own.
    with ThreadPoolExecutor(1) as beside:
        citing = [beside.submit(cite, path, always=always_digest) for path in paths]
        walking = beside.submit(realised, paths[0]) if len(paths) == 1 and axis == "usd" else None
        read = read_axes(paths, tuple(dict.fromkeys((axis, *axes))), ChosenSets(by.accept, by.truth))
        cited, walked = [of.result() for of in citing], None if walking is None else walking.result()
    outcomes = read[axis]
    document = frontier_document(outcomes, axis, cap, by.false_pass, problems)
    # A vote and a score are counted by the current set.
    sampled = with_selection(document, outcomes) if by.truth is None and by.accept is None else document
    sampled["about"]["verdicts"] = verdicts_document(outcomes, by.false_pass)
    sampled["warnings"] += _one_sided(paths, {one.alias for one in outcomes})
    add_agents(sampled, read_agent_costs(paths))
    policies = (one.judged.policy for one in outcomes if one.judged is not None)
    sampled["about"]["policy"] = next((kind for kind in policies if kind is not None), None)
    sampled["realised"] = walked
    if len(paths) > 1 and sampled["about"]["policy"] is not None:
        sampled["warnings"].append(
            "realised is null: the order of spending is that of one ledger, so name one for it"
        )
    sampled |= _beside_realised(paths, outcomes, sampled["realised"])
    sampled["citation"] = [citation_document(of) for of in cited]
    return FrontierDocuments(sampled, with_printed(sampled, read_printed(paths)), _repeats(outcomes), read)


def _repeats(outcomes: Sequence[Outcomes]) -> frozenset[Path]:
    used = {path.resolve() for one in outcomes for path in one.ledgers}
    return frozenset(path.resolve() for one in outcomes for path in one.repeats) - used


def _beside_realised(
    paths: Sequence[Path], outcomes: Sequence[Outcomes], realised: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """What the policy solve was to bring by draws that it did not steer, beside what it did."""
    from orchestrator.analysis.regret import regret

    steered = [one for one in outcomes if one.judged is not None and one.judged.policy == "solve"]
    if realised is None or len(steered) < len(outcomes) or not steered:
        return {"foretold": None, "regret": None}
    return regret(paths[0], steered, realised)


def compare_whole(paths: Sequence[Path]) -> dict[str, Any]:
    """Raises InputError for what is no ledger."""
    from orchestrator.analysis.agents import add_agents
    from orchestrator.analysis.printed.results import with_printed_table
    from orchestrator.analysis.side_by_side import compare_document
    from orchestrator.ledger.importing.printed_results import read_printed
    from orchestrator.ledger.reading.money.agent_costs import read_agent_costs
    from orchestrator.ledger.reading.money.model_costs import read_model_costs
    from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes

    again = _repeats(read_outcomes(paths) if len(paths) > 1 else [])
    named = paths
    paths = [path for path in named if path.resolve() not in again]
    document = compare_document(read_model_costs(paths))
    document["warnings"] += [
        f"{path.name} holds the same draws again; they are counted once"
        for path in named
        if path not in paths
    ]
    document["warnings"] += _one_sided(paths, document["models"].keys())
    add_agents(document, read_agent_costs(paths))
    return with_printed_table(document, read_printed(paths))


def _one_sided(paths: Sequence[Path], aliases: Collection[str]) -> list[str]:
    from orchestrator.ledger.reading.samples.one_sided import one_sided_models

    return [
        f"{alias}: {words}"
        for path in paths
        for alias, words in one_sided_models(path).items()
        if alias in aliases
    ]
