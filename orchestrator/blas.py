"""How many threads numpy's products of matrices take in this process.

Ours are small: a thread for each core gains nothing, and each waits for the others in a loop. Beside servers that keep
all cores busy a policy's fit took six times as long so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "OPENBLAS_NUM_THREADS"
ONE = "1"
_ours: set[str] = set()


def use_one_thread() -> None:
    """Before numpy is loaded. A number that the user states is kept."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = ONE
        _ours.add(VARIABLE)


def theirs(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment as the user has it, for a server, whose matrices are large."""
    return {name: value for name, value in environment.items() if name not in _ours}
