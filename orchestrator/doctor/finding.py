"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "missing", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing`: something needed is not there or is wrong. `note`: worth knowing, nothing has to be done."""

    state: State
    topic: str
    text: str
    remedy: str = ""


def findings_document(found: Sequence[Finding]) -> dict[str, Any]:
    """What `manyfew doctor --json` prints."""
    missing = any(finding.state == "missing" for finding in found)
    return {"status": "missing" if missing else "ok", "findings": [asdict(finding) for finding in found]}
