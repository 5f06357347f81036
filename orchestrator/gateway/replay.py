"""What an interrupted attempt was told, to be told again: by what it asks and how often, not by when. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from orchestrator.ledger.writing.agent_attempts import Recorded


class Replay:
    """The recorded replies of one attempt."""

    def __init__(self, recorded: Iterable[Recorded]) -> None:
        self._left: dict[bytes, deque[Recorded]] = {}
        for one in recorded:
            if one.status < 300:
                self._left.setdefault(one.body_sha, deque()).append(one)

    @property
    def left(self) -> int:
        return sum(map(len, self._left.values()))

    def next(self, sha: bytes, wire: str) -> Recorded | None:
        """The recorded reply to this body that was not played yet."""
        found = self._left.get(sha)
        if not found or found[0].wire != wire:
            return None
        return found.popleft()
