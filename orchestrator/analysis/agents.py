"""What `frontier` and `compare` say of models whose samples are attempts of agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.grammar import by, many

if TYPE_CHECKING:
    from orchestrator.ledger.reading.money.agent_costs import AgentCosts

_WORTH_SAYING = 0.01


def add_agents(document: dict[str, Any], costs: Mapping[str, AgentCosts]) -> None:
    """`models.ALIAS.agent` of each, and what a reader must know of its attempts."""
    for alias, of in costs.items():
        if alias not in document["models"]:
            continue
        document["models"][alias]["agent"] = asdict(of)
        document["warnings"] += [f"{alias}: {words}" for words in _warnings(of)]


def _warnings(of: AgentCosts) -> list[str]:
    found: list[str] = []
    if of.open:
        found.append(
            f"{many(of.open, 'interrupted attempt')} {by(of.open, 'is', 'are')} not finished, and long "
            "ones are among them more often: run the sweep again to go on with them"
        )
    if of.lost:
        found.append(
            f"{many(of.lost, 'attempt')} ended without a sample, neither right nor wrong: the program failed "
            "before its first paid call, its model stopped, attempt_wall_s was over, or its ledger was merged before "
            "the attempt was finished"
        )
    if of.bound_share > _WORTH_SAYING:
        found.append(
            f"{of.bound_share:.0%} of its dollars are upper bounds, since replies came without usage; its cost is "
            f"between {1 - of.bound_share:.0%} and 100% of what is shown"
        )
    return found
