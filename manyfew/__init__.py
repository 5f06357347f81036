"""manyfew in Python: the few names that are meant for use from outside, imported when first asked for."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from orchestrator.coverage.passk import pass_at_k as pass_at_k
    from orchestrator.errors import InputError as InputError
    from orchestrator.ledger.outcomes import Outcomes as Outcomes
    from orchestrator.ledger.outcomes import read_outcomes as read_outcomes
    from orchestrator.sweep.load import load as load
    from orchestrator.sweep.types import Sweep as Sweep

    __version__: str

_NAMES = {
    "InputError": "orchestrator.errors",
    "Outcomes": "orchestrator.ledger.outcomes",
    "Sweep": "orchestrator.sweep.types",
    "load": "orchestrator.sweep.load",
    "pass_at_k": "orchestrator.coverage.passk",
    "read_outcomes": "orchestrator.ledger.outcomes",
}
__all__ = ["InputError", "Outcomes", "Sweep", "__version__", "load", "pass_at_k", "read_outcomes"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("manyfew")
    if name not in _NAMES:
        raise AttributeError(f"module 'manyfew' has no attribute {name!r}")
    guard = shadow_check()
    if lines := guard.shadowed():
        raise ImportError(f"{lines[0]} ({guard.REMEDY})")
    return getattr(importlib.import_module(_NAMES[name]), name)


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
