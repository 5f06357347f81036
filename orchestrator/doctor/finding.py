"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from orchestrator.grammar import by, many

State = Literal["ok", "missing", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing`: something needed is not there or is wrong. `note`: worth knowing, nothing has to be done."""

    state: State
    topic: str
    text: str
    remedy: str = ""


def summed_up(found: Sequence[Finding]) -> str:
    """The last line: what is to be done, if anything is."""
    missing = [finding.topic for finding in found if finding.state == "missing"]
    notes = sum(finding.state == "note" for finding in found)
    noted = "" if not notes else f" {many(notes, 'note')} {by(notes, 'is', 'are')} worth a look."
    if not missing:
        return f"Nothing that is needed is missing.{noted}"
    topics = ", ".join(dict.fromkeys(missing))
    things = f"{many(len(missing), 'thing')} {by(len(missing), 'is', 'are')}"
    return f"{things} missing or wrong: {topics}. Each remedy stands after its arrow (→).{noted}"


def findings_document(found: Sequence[Finding]) -> dict[str, Any]:
    """What `manyfew doctor --json` prints."""
    missing = any(finding.state == "missing" for finding in found)
    return {"status": "missing" if missing else "ok", "findings": [asdict(finding) for finding in found]}
