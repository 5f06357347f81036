"""What the SWE-bench harness left of one instance, as a verdict.

Formats as swebench 4.1 and 5.0 write them (swebench/harness/run_evaluation.py and grading.py): `report.json` once
the tests ran, else `run_instance.log` alone, which says that the patch did not apply, that the tests ran out of
time, or what broke.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from verifiers.types import Verdict

REPORT = "report.json"
LOG = "run_instance.log"
MOST_EVIDENCE = 2000
MOST_LOG = 4_000_000
"""Characters of a log that are read: what decides is near its start or its end, and logs hold test output."""
NAMED = 10
"""Failed tests that are named, of each kind."""

# The harness logs the diff itself too, and its lines begin with one of + - space @ and so on.
_APPLY = re.compile(
    r"^(?![-+ @\\])[^\n]*>>>>> Patch Apply Failed:(?P<why>[^\n]*(?:\n[^\n]*){0,6})", re.MULTILINE
)
_LATE = re.compile(r"^(?![-+ @\\])[^\n]*Test timed out after (?P<limit>[\d.]+) seconds", re.MULTILINE)
_ERROR = re.compile(r"^[\w.]*(?:Error|Exception|NotFound)\b[^\n]*", re.MULTILINE)


def verdict_of(folder: Path, instance: str, name: str) -> Verdict | None:
    """The verdict on one instance from the harness's folder of it; None if the harness has to run (again)."""
    report = _report(folder / REPORT, instance)
    if report is not None:
        return _of_report(report, name)
    log = _read(folder / LOG)
    if (found := _APPLY.search(log)) is not None:
        evidence = _cut(found["why"].strip())
        return Verdict(passed=False, answer=name, reason="the patch does not apply", evidence=evidence)
    if (found := _LATE.search(log)) is not None:
        return Verdict(passed=False, answer=name, reason=f"tests past their limit of {found['limit']} s")
    return None


def why_not(folder: Path) -> str | None:
    """Why the harness came to no result of an instance, from its log; None if it says nothing."""
    errors = _ERROR.findall(_read(folder / LOG))
    return str(errors[-1])[:300] if errors else None


def discard_unreadable(folder: Path, instance: str) -> None:
    """Removes a report that a kill cut short or that is not one: the harness would take it for done."""
    if _report(folder / REPORT, instance) is None:
        (folder / REPORT).unlink(missing_ok=True)


def _report(path: Path, instance: str) -> Mapping[str, Any] | None:
    """The instance's part of its report; None if there is no whole one."""
    try:
        document: object = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    part = cast("dict[str, object]", document).get(instance)
    if not isinstance(part, dict):
        return None
    fields = cast("dict[str, Any]", part)
    return fields if isinstance(fields.get("resolved"), bool) else None


def _of_report(report: Mapping[str, Any], name: str) -> Verdict:
    evidence = _tests(report.get("tests_status"))
    if report["resolved"]:
        return Verdict(passed=True, answer=name, evidence=evidence)
    if report.get("infra_failure") is True:
        reason = f"the harness takes it for a fault of the environment: {report.get('infra_failure_reason')}"
        return Verdict(passed=None, answer=name, reason=reason[:300], evidence=evidence)
    if report.get("patch_successfully_applied") is False:
        reason = "no test result to be read after the patch"
        return Verdict(passed=False, answer=name, reason=reason, evidence=evidence)
    return Verdict(passed=False, answer=name, reason="tests fail", evidence=evidence)


def _tests(status: object) -> str | None:
    """How many tests of each kind passed, and which did not."""
    if not isinstance(status, dict):
        return None
    parts: list[str] = []
    for kind in ("FAIL_TO_PASS", "PASS_TO_PASS"):
        result = cast("dict[str, object]", status).get(kind)
        if not isinstance(result, dict):
            continue
        sides = cast("dict[str, object]", result)
        good, bad = _names(sides.get("success")), _names(sides.get("failure"))
        part = f"{kind} {len(good)}/{len(good) + len(bad)}"
        if bad:
            more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
            part += f", failed: {', '.join(bad[:NAMED])}{more}"
        parts.append(part)
    return _cut("; ".join(parts)) or None


def _names(value: object) -> list[str]:
    return [str(name) for name in cast("list[object]", value)] if isinstance(value, list) else []


def _cut(text: str) -> str:
    return text if len(text) <= MOST_EVIDENCE else f"{text[: MOST_EVIDENCE - 1]}…"


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
    return text if len(text) <= MOST_LOG else text[: MOST_LOG // 2] + "\n" + text[-MOST_LOG // 2 :]
