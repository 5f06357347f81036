"""Replies without an answer, since all their tokens went into reasoning."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

ENOUGH = 10
"""Replies of a model from which on empty ones are worth a word …"""
MANY = 0.2
"""… if they are such a share of them."""


class EmptyReplies(NamedTuple):
    """Of one model: its replies, those that end at max_tokens without an answer, and whether any shows reasoning."""

    replies: int = 0
    empty: int = 0
    reasoned: bool = False

    def and_more(self, replies: int, cut: Collection[tuple[str, bool]]) -> EmptyReplies:
        """With so many more. `cut`: of each that ends at max_tokens its text, and whether it shows reasoning."""
        if not cut:
            return EmptyReplies(self.replies + replies, self.empty, self.reasoned)
        empty = [reasoned for text, reasoned in cut if not text.strip()]
        return EmptyReplies(self.replies + replies, self.empty + len(empty), self.reasoned or any(empty))

    def words(self, max_tokens: int) -> str | None:
        """What to say of them; None if they are few."""
        if self.replies < ENOUGH or self.empty < MANY * self.replies:
            return None
        went = (
            "went into reasoning"
            if self.reasoned
            else "were used up before an answer, as by hidden reasoning"
        )
        return (
            f"{self.empty:,} of {self.replies:,} replies are empty: all {max_tokens:,} tokens {went}. To do: raise "
            'max_tokens, or lower the effort, such as extra = { reasoning_effort = "low" }'
        )
