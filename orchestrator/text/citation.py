"""The line to cite a ledger by, and the same for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from orchestrator.ledger.reading.samples.citation import Citation

_NAME = 80
_DIGITS = 16
"""Of the digest in the line: two ledgers that share them are one. All 64 are in --json."""


def citation_text(of: Citation) -> str:
    """One line, without `Cite: `."""
    sweeps = ", ".join(f'"{safe(name, _NAME)}"' for name in of.sweeps)
    said = [
        f"manyfew {safe(of.manyfew, _NAME)}",
        f"sweep{'s' if len(of.sweeps) > 1 else ''} {sweeps or '(none)'}",
    ]
    if of.sha256 is not None:
        said.append(f"ledger sha256:{of.sha256[:_DIGITS]}…")
    models, problems = _many(of.models, "model"), _many(of.problems, "problem")
    if of.each is not None:
        said.append(f"{models} × {problems} × {_many(of.each, 'sample')}")
    else:
        said.append(f"{_many(of.samples, 'sample')} of {problems} by {models}")
    said.append(usd(of.settled_pico) + (" (replayed)" if of.replayed else ""))
    return ", ".join([*said, *([of.date] if of.date else [])])


def citation_document(of: Citation) -> dict[str, Any]:
    """All of it, with the line."""
    found = asdict(of)
    found["sweeps"] = list(of.sweeps)
    found["settled_usd"] = found.pop("settled_pico") / PICO_PER_USD
    return {"text": citation_text(of), **found}


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
