"""The Python interface: the few names meant for use from outside, each imported on first use."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from manyfew.chart import Chart as Chart
    from manyfew.ledger import Coverage as Coverage
    from manyfew.ledger import Ledger as Ledger
    from manyfew.ledger import open_ledger as open  # noqa: A004 - manyfew.open, as gzip.open is
    from manyfew.running import Run as Run
    from manyfew.running import run as run
    from manyfew.running import run_async as run_async
    from orchestrator.coverage.passk import pass_at_k as pass_at_k
    from orchestrator.errors import InputError as InputError
    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes as Outcomes
    from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes as read_outcomes
    from orchestrator.sweep.load import load as load
    from orchestrator.sweep.types import Sweep as Sweep

    __version__: str

_NAMES = {
    "Chart": "manyfew.chart",
    "Coverage": "manyfew.ledger",
    "InputError": "orchestrator.errors",
    "Ledger": "manyfew.ledger",
    "Outcomes": "orchestrator.ledger.reading.outcomes.outcomes",
    "Run": "manyfew.running",
    "Sweep": "orchestrator.sweep.types",
    "load": "orchestrator.sweep.load",
    "open": "manyfew.ledger:open_ledger",
    "pass_at_k": "orchestrator.coverage.passk",
    "read_outcomes": "orchestrator.ledger.reading.outcomes.outcomes",
    "run": "manyfew.running",
    "run_async": "manyfew.running",
}
"""Where each is, under its own name if no other is said."""
__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    "Chart",
    "Coverage",
    "InputError",
    "Ledger",
    "Outcomes",
    "Run",
    "Sweep",
    "__version__",
    "load",
    "open",
    "pass_at_k",
    "read_outcomes",
    "run",
    "run_async",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("manyfew")
    if name not in _NAMES:
        raise AttributeError(f"module 'manyfew' has no attribute {name!r}")
    guard = shadow_check()
    if lines := guard.shadowed():
        raise ImportError(f"{lines[0]} ({guard.remedy()})")
    module, _, own = _NAMES[name].partition(":")
    return getattr(importlib.import_module(module), own or name)


def __dir__() -> list[str]:
    return sorted(__all__)


def shadow_check() -> ModuleType:
    """orchestrator/shadow.py, found by its place beside this package and not by its name, which may be taken."""
    path = Path(__file__).resolve().parent.parent / "orchestrator" / "shadow.py"
    spec = importlib.util.spec_from_file_location("manyfew._shadow", path)
    if spec is None or spec.loader is None:  # pragma: no cover
        raise ImportError(f"{path} is missing: manyfew is not wholly installed")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
