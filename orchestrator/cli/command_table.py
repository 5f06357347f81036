"""The commands by name."""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "init": "init",
    "plan": "plan",
    "run": "run",
    "cancel": "cancel",
    "status": "status",
    "watch": "watch",
    "show": "show",
    "verify": "verify",
    "verify-export": "verify_export",
    "verify-part": "verify_part",
    "verify-import": "verify_import",
    "verdicts": "verdicts",
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
"""Each command's module in orchestrator/cli/commands, which holds a function of the module's name. The modules stay
thin: what is heavy is imported inside that function, so that `manyfew --help` is quick."""
