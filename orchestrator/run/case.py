"""A sample that waits for its verdict, and the case that it is: the same text of the same problem, ended the same way,
is verified once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from hashlib import sha256

from orchestrator.ledger.rows import VerdictRow
from verifiers.types import Verdict

CUT_OFF = "length"
REFUSED = frozenset({"refusal", "content_filter"})
MOST_REASON = 300
MOST_TEXT = 2000

Case = tuple[int, bytes]
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
        return ended_of(self.text, self.finish_reason)

    def case(self) -> Case:
        return case_of(self.problem_id, self.text, self.finish_reason)

    def row(self, verifier: str, case: Case, verdict: Verdict) -> VerdictRow:
        return verdict_row(self.model_id, self.sample_index, verifier, case, verdict)


def ended_of(text: str, finish_reason: str | None) -> str | None:
    """Why a sample is wrong whatever its text says (CONTRACT, Ledger); None where the text decides."""
    if finish_reason == CUT_OFF:
        return "cut off at max_tokens"
    if finish_reason in REFUSED:
        return "refused"
    return None if text.strip() else "empty"


def case_of(problem_id: int, text: str, finish_reason: str | None) -> Case:
    digest = sha256(text.encode("utf-8", "replace")).digest()[:16]
    if finish_reason == CUT_OFF:  # the same text, ended otherwise, is another case
        digest = sha256(digest + b"cut").digest()[:16]
    elif finish_reason in REFUSED:
        digest = sha256(digest + b"refused").digest()[:16]
    return problem_id, digest


def verdict_row(model_id: int, sample_index: int, verifier: str, case: Case, verdict: Verdict) -> VerdictRow:
    return VerdictRow(
        model_id=model_id,
        problem_id=case[0],
        sample_index=sample_index,
        verifier=verifier,
        text_sha=case[1],
        passed=None if verdict.passed is None else int(verdict.passed),
        score=verdict.score,
        answer=verdict.answer,
        reason=verdict.reason,
        evidence=verdict.evidence,
    )


def settled(verdict: Verdict, ended: str | None) -> Verdict:
    """The verdict as it is kept: bounded, of finite numbers and writable text, and wrong where the sample's end says
    so. The answer stays."""
    return replace(
        verdict,
        passed=False if ended is not None else verdict.passed,
        score=verdict.score if verdict.score is None or math.isfinite(verdict.score) else None,
        answer=_text(verdict.answer, MOST_TEXT),
        reason=_text(ended or verdict.reason, MOST_REASON),
        evidence=_text(verdict.evidence, MOST_TEXT),
    )


def _text(text: str | None, most: int) -> str | None:
    if text is None:
        return None
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return cut.encode("utf-8", "replace").decode("utf-8")
