"""A sample that waits for its verdict, and its text's key: the same text of the same problem, with the same ending, is
verified once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import sha256

from orchestrator.ledger.writing.rows import VerdictRow
from verifiers.types import Verdict

CUT_OFF = "length"
REFUSED = frozenset({"refusal", "content_filter"})
MOST_REASON = 300
MOST_TEXT = 2000

TextKey = tuple[int, bytes]
"""A problem's id, and the digest of a text and how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A recorded sample that waits for its verdict."""

    alias: str
    model_id: int
    problem_id: int
    ordinal: int
    sample_index: int
    text: str
    finish_reason: str | None

    @property
    def ended(self) -> str | None:
        return wrong_by_ending(self.text, self.finish_reason)

    def key(self) -> TextKey:
        return text_key(self.problem_id, self.text, self.finish_reason)


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


def verdict_row(
    model_id: int, sample_index: int, verifier: str, key: TextKey, verdict: Verdict
) -> VerdictRow:
    passed, answer, score, reason, evidence = verdict
    return VerdictRow(
        verifier=verifier,
        problem_id=key[0],
        text_sha=key[1],
        passed=None if passed is None else int(passed),
        score=score,
        answer=answer,
        reason=reason,
        evidence=evidence,
        model_id=model_id,
        sample_index=sample_index,
    )


def bounded(verdict: Verdict, ended: str | None) -> Verdict:
    """The verdict as it is kept: bounded, of finite numbers and writable text, and wrong if the sample's end says
    so. The answer stays."""
    passed, answer, score, reason, evidence = verdict
    return Verdict(
        False if ended is not None else passed,
        _text(answer, MOST_TEXT),
        score if score is None or math.isfinite(score) else None,
        _text(ended or reason, MOST_REASON),
        _text(evidence, MOST_TEXT),
    )


def _text(text: str | None, most: int) -> str | None:
    if text is None:
        return None
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")
