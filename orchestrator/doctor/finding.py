"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing`: something needed is not there or is wrong. `note`: worth knowing, nothing has to be done."""

    state: State
    topic: str
    text: str
    remedy: str = ""
