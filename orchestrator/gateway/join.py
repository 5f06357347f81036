"""Whether a call is one that was made already: then it gets that one's answer, and nothing is bought twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.gateway.replies.delivery import Delivery


def joined(deliveries: Iterable[Delivery], sha: bytes, *, is_retry: bool) -> Delivery | None:
    """`deliveries`: of this attempt, the oldest first; `is_retry`: the client says that it asks again. An equal body
    beside a client that still waits is a call of its own: best-of-n asks so on purpose."""
    found = None
    for one in deliveries:
        if one.sha != sha:
            continue
        waiting = not one.ended and (one.is_abandoned or is_retry)
        undelivered = one.is_reply and (not one.delivered or is_retry)
        if waiting or undelivered:
            found = one
            if not one.delivered:
                break  # those that nobody has had come first
    return found
