"""A sample that waits for its verdict, and the verdict as it is kept."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass

from orchestrator.ledger.reading.samples.text_key import TextKey, text_key, wrong_by_ending
from orchestrator.ledger.writing.rows import VerdictRow
from verifiers.types import Verdict

MOST_REASON = 300
MOST_TEXT = 2000


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


def unjudged(row: sqlite3.Row, *, alias: str = "", ordinal: int = 0) -> Unjudged:
    """Of a ledger's row."""
    return Unjudged(
        alias=alias,
        model_id=row["model_id"],
        problem_id=row["problem_id"],
        ordinal=ordinal,
        sample_index=row["sample_index"],
        text=row["text"],
        finish_reason=row["finish_reason"],
    )


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
