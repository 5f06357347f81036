"""What a verifier of the user's own answers, as a verdict: true or false, a score, or an object of both and more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

from verifiers.types import Verdict

KEYS = ("passed", "answer", "score", "reason", "evidence")
MOST_REASON = 300
MOST_TEXT = 2000


def verdict_of(reply: object, threshold: float) -> Verdict:
    """True, False and None say whether it is right; a number is a score, right from `threshold` on; an object has
    `passed`, `answer`, `score`, `reason`, `evidence`, all optional. Anything else is no verdict, and says so."""
    if reply is None or isinstance(reply, bool):
        return Verdict(passed=reply, reason="the verifier could not tell" if reply is None else None)
    if isinstance(reply, (int, float)):
        return _scored(float(reply), threshold)
    if isinstance(reply, Mapping):
        return _stated(cast("Mapping[object, object]", reply), threshold)
    return Verdict(passed=None, reason=f"the verifier answered {type(reply).__name__}, not a verdict")


def _scored(score: float, threshold: float) -> Verdict:
    if not math.isfinite(score):
        return Verdict(passed=None, reason=f"the verifier's score is {score}")
    return Verdict(passed=score >= threshold, score=score)


def _stated(reply: Mapping[object, object], threshold: float) -> Verdict:
    if unknown := [str(key) for key in reply if key not in KEYS]:
        return Verdict(passed=None, reason=_cut(f"the verifier answered an unknown key {unknown[0]!r}"))
    passed, score = reply.get("passed"), reply.get("score")
    if not (passed is None or isinstance(passed, bool)):
        return Verdict(passed=None, reason="the verifier's passed is neither true nor false nor null")
    if score is not None and (isinstance(score, bool) or not isinstance(score, (int, float))):
        return Verdict(passed=None, reason="the verifier's score is not a number")
    if score is not None and not math.isfinite(score):
        return Verdict(passed=None, reason=f"the verifier's score is {score}")
    if passed is None and "passed" not in reply and score is not None:
        passed = score >= threshold
    reason = _text(reply.get("reason"), MOST_REASON)
    return Verdict(
        passed=passed,
        answer=_text(reply.get("answer"), MOST_TEXT),
        score=None if score is None else float(score),
        reason=reason or ("the verifier could not tell" if passed is None else None),
        evidence=_text(reply.get("evidence"), MOST_TEXT),
    )


def parse_threshold(kind: str, value: object) -> float:
    """The option `threshold`, checked. ValueError, one line."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"verifier {kind}: threshold is {value!r}; it may be a number such as 1.0")
    return float(value)


def _text(value: object, most: int) -> str | None:
    return None if value is None else _cut(str(value), most)


def _cut(text: str, most: int = MOST_REASON) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
