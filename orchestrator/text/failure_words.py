"""What people call the ways in which a request fails, and what each of them costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

FREE = "free"
PRESUMED = "presumed"
"""In place of a status: money is held for it, as for a limit that a 200 names."""
WORST_CASE = "counted at worst case"
PAID = "paid for what came"
_FREE = {
    "RateLimited": "rate limited",
    "Overloaded": "server overloaded",
    "Loading": "model still loading",
    "Undone": "left out of a batch",
    "TooManySamples": "too many samples in one request",
    "BadRequest": "bad request",
    "Stopped": "rejected",
    "NotSent": "no connection",
}
_PAID = {"BrokenOff": "broken off by the server"}
_UNKNOWN_COST = {
    "NoUsage": "reply without usage",
    "BadCounts": "reply with impossible counts",
    "BadCost": "reply with an impossible cost",
    "Unpriced": "reply without a known price",
}

_OF_A_RUN = {
    "Interrupted": ("cut off when the run ended", WORST_CASE),
    "LeaseOver": ("cut off when its server's budget ended", "paid for its time"),
    "CapReached": ("stopped at attempt_usd", ""),
    "AttemptLost": ("attempt lost", ""),
}
"""What the run itself did to a request."""
KINDS = (*_FREE, *_PAID, *_UNKNOWN_COST, *_OF_A_RUN, "Lost", "Lost 500", "Unusable")
"""All that the ledger has a word for."""


def failure_words(kind: str, *, presumed: bool = False) -> tuple[str, str]:
    """(what it is called, what it costs) for a kind that the ledger keeps, such as `RateLimited 429`. The cost is ""
    if the kind doesn't determine it. `presumed`: money is held for it."""
    name, _, status = kind.partition(" ")
    if name in _FREE and (not status or status.isdecimal() or status == PRESUMED):
        return _FREE[name], WORST_CASE if presumed or status == PRESUMED else FREE
    if kind in _OF_A_RUN:
        return _OF_A_RUN[kind]
    if kind in _PAID:
        return _PAID[kind], PAID
    if kind in _UNKNOWN_COST:
        return _UNKNOWN_COST[kind], WORST_CASE
    if name == "Unusable":
        return "no usable answer", WORST_CASE
    if name != "Lost":
        return kind, ""
    if not status or status.startswith("2"):
        return "connection lost", WORST_CASE
    return "server error" if status.startswith("5") else f"no usable answer ({status})", WORST_CASE


def in_words(errors: Mapping[str, int]) -> Counter[tuple[str, str]]:
    """Counts by words and cost."""
    found: Counter[tuple[str, str]] = Counter()
    for kind, count in errors.items():
        found[failure_words(kind)] += count
    return found
