"""What `plan` will expect of a written policy, so that its budget covers it."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.sweep.types import Sweep

_WITHIN = ("quickstart",)
"""Sources that need no file and nothing from the network."""
_MARGIN = Decimal("1.2")


def expected_usd(files: Sequence[Path], unsolved: float) -> Decimal | None:
    """Of all stages, each with as many samples as it may buy; of a second one for the share of problems that the first
    is expected to leave `unsolved`, and a fifth. None where the problems would have to be downloaded, or can't be
    loaded."""
    try:
        sweeps = [load(file) for file in files]
        if any(one.problems.path is None and one.problems.source not in _WITHIN for one in sweeps):
            return None
        first, *then = map(_planned, sweeps)
    except InputError:
        return None
    return first + sum((one * Decimal(unsolved) * _MARGIN for one in then), Decimal(0))


def _planned(sweep: Sweep) -> Decimal:
    alone = replace(sweep, problems=replace(sweep.problems, unsolved_in=None, unsolved_by=None))
    prepared = prepare(alone)
    try:
        planned = plan_sweep(prepared, Path(os.devnull))
    finally:
        prepared.executor.close()
    pico = sum(model.expected_pico for model in planned.models) + planned.loading_pico
    return Decimal(pico) / PICO_PER_USD
