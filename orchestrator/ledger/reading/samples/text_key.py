"""Which verdict is a sample's: the same text of the same problem, with the same ending, is verified once."""

from __future__ import annotations

from hashlib import sha256

CUT_OFF = "length"
REFUSED = frozenset({"refusal", "content_filter"})

TextKey = tuple[int, bytes]
"""A problem's id, and the digest of a text and how it ended."""


def wrong_by_ending(text: str, finish_reason: str | None) -> str | None:
    """Why a sample is wrong whatever its text says (CONTRACT, Ledger); None if the text decides."""
    if finish_reason == CUT_OFF:
        return "cut off at max_tokens"
    if finish_reason in REFUSED:
        return "refused"
    return None if text.strip() else "empty"


def text_key(problem_id: int, text: str, finish_reason: str | None) -> TextKey:
    digest = sha256(text.encode("utf-8", "replace")).digest()[:16]
    if finish_reason == CUT_OFF:  # the same text with another ending has another key
        digest = sha256(digest + b"cut").digest()[:16]
    elif finish_reason in REFUSED:
        digest = sha256(digest + b"refused").digest()[:16]
    return problem_id, digest
