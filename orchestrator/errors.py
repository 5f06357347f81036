"""What the user must mend. One line each: where, what, and the remedy.

ManyfewError
├── InputError       the sweep file, a flag or the ledger is wrong          → exit 2
└── LedgerBroken     the ledger can no longer be written (disk full …)      → exit 1, nothing more is sent
"""

from __future__ import annotations


class ManyfewError(Exception):
    """Base. `where` names the file, line or key; `remedy` says what to do."""

    def __init__(self, where: str, message: str, remedy: str = "") -> None:
        super().__init__(f"{where}: {message}" + (f" ({remedy})" if remedy else ""))
        self.where = where
        self.message = message
        self.remedy = remedy


class InputError(ManyfewError):
    """The input is wrong; nothing was sent and nothing was changed."""


class LedgerBroken(ManyfewError):
    """The ledger refused a write. What it had committed stands."""
