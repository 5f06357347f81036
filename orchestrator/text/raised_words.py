"""What is said of requests that an earlier version counted at less than they may have cost."""

from __future__ import annotations

from orchestrator.grammar import many
from orchestrator.text.money import usd


def was_raised(requests: int, settled_pico: int, presumed_pico: int) -> list[str]:
    """When the next run has raised them; nothing where there were none. The sums are pico-dollars more than before;
    what is settled of them can be below 0, where counts became worst cases."""
    if not requests:
        return []
    it, is_ = ("it", "It is") if requests == 1 else ("they", "They are")
    more, settled, presumed = usd(settled_pico + presumed_pico), usd(settled_pico), usd(presumed_pico)
    line = (
        f"{_counted(requests)} at {more} less than {it} may have cost. {is_} raised now ({settled} settled, "
    )
    return [f"{line}{presumed} presumed), and the budget counts the difference."]


def to_raise(requests: int, pico: int, shown: str) -> str:
    """Before it has. `shown`: which they are."""
    return f"{_counted(requests)} at {usd(pico)} less than {'it' if requests == 1 else 'they'} may have cost: {shown}"


def _counted(requests: int) -> str:
    return f"manyfew 0.1 counted {many(requests, 'request')}"
