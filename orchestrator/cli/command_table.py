"""The commands by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

COMMANDS: dict[str, str] = {
    "init": "init",
    "plan": "plan",
    "run": "run",
    "cancel": "cancel",
    "status": "status",
    "watch": "watch",
    "show": "show",
    "verify": "verifying.verify",
    "verify-export": "verifying.verify_export",
    "verify-part": "verifying.verify_part",
    "verify-import": "verifying.verify_import",
    "verdicts": "verifying.verdicts",
    "frontier": "frontier",
    "figure": "figure",
    "compare": "compare",
    "export": "export",
    "import": "import_",
    "merge": "merge",
    "backup": "backup",
    "prices": "prices",
    "reprice": "reprice",
    "reconcile": "reconcile",
    "doctor": "doctor",
}
"""Each command's module in orchestrator/cli/commands, which holds a function of the same name. The modules stay
thin: what is heavy is imported inside that function, so that `manyfew --help` is quick."""


def function_of(command: str) -> Callable[..., Any]:
    """Imports the command's module."""
    module = COMMANDS[command]
    found = importlib.import_module(f"orchestrator.cli.commands.{module}")
    return getattr(found, module.rpartition(".")[2])
