"""What users build on, as data: flags, exit statuses, sweep keys, keys of JSON documents, views, Python names."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import re
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import manyfew
from docs.make_reference import sweep_tables
from orchestrator.cli.main import main
from orchestrator.cli.quick.run import EXIT
from orchestrator.ledger.file.create import create
from tests.orchestrator.compared_ledger import compared_ledger

ROOT = Path(__file__).resolve().parents[2]
FROZEN = Path(__file__).with_name("frozen.json")

Surface = dict[str, dict[str, list[str]]]
"""By kind and by where: names."""

OF_ALIASES = ("models", "policy.samples")
"""Ends of the paths whose value is a table by the users' own names: all entries are alike."""
DOCUMENTS = {
    "plan": "plan quickstart.toml",
    "plan --fit": "plan quickstart.toml --fit",
    "run": "run quickstart.toml",
    "status": "status runs/quickstart.db",
    "show": "show runs/quickstart.db",
    "show PROBLEM": "show runs/quickstart.db add-1",
    "frontier": "frontier runs/quickstart.db",
    "compare": "compare runs/quickstart.db",
    "plan --next": "plan compared.db --next 2.50",
    "reconcile": "reconcile compared.db",
    "reprice": "reprice compared.db --price cheap=0.1/0.4",
    "verify": "verify runs/quickstart.db --verifier exact",
    "verify-export": "verify-export runs/quickstart.db parts --parts 1 --verifier numeric --as parts",
    "verify-part": "verify-part parts/part-0.jsonl -o verdicts.jsonl",
    "verify-import": "verify-import runs/quickstart.db verdicts.jsonl",
    "doctor": "doctor runs/quickstart.db",
    "prices": "prices gpt-6-sol",
    "backup": "backup runs/quickstart.db copy.db",
    "error": "status nowhere.db",
}
"""Command lines whose --json documents are held, in this order."""


def surface() -> Surface:
    """All of it, as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "flags": _flags(),
            "exit statuses": {"run": sorted(f"{status}: {ending}" for ending, status in EXIT.items())},
            "sweep keys": {title: sorted(table.model_fields) for _, title, table in sweep_tables()},
            "json": _documents(Path(folder)),
            "views": _views(Path(folder) / "empty.db"),
            "python": {
                "manyfew": sorted(manyfew.__all__),
                "manyfew.Ledger": _methods(manyfew.Ledger),
                "manyfew.Run": _methods(manyfew.Run),
            },
        }


def _flags() -> dict[str, list[str]]:
    from typer.main import get_command

    from orchestrator.cli.app import app

    group: Any = get_command(app())
    return {
        name: sorted(
            word
            for option in command.params
            if not getattr(option, "hidden", False)
            for word in (option.opts if option.param_type_name == "option" else [option.name])
        )
        for name, command in group.commands.items()
    }


def _documents(folder: Path) -> dict[str, list[str]]:
    text = (ROOT / "runs/quickstart.toml").read_text("utf-8").replace("speed = 60", "speed = 3000")
    text = text.replace("samples = 64", "samples = 24").replace("[problems]\n", "[problems]\nlimit = 12\n")
    (folder / "quickstart.toml").write_text(text, "utf-8")
    compared_ledger(folder / "compared.db")
    return {name: sorted(keys(_said(command, folder))) for name, command in DOCUMENTS.items()}


def _said(command: str, folder: Path) -> Any:
    """In this process: to start one for each would take most of the time."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_"))}
    out = io.StringIO()
    with (
        patch.dict(os.environ, kept, clear=True),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.suppress(SystemExit),
    ):
        main([*command.split(), "--json"])
    return json.loads(out.getvalue())


def keys(value: Any, above: str = "") -> set[str]:
    """The paths of a document: `models.*.samples_done`, `comparisons[].cheap_k`."""
    found: set[str] = set()
    if isinstance(value, dict):
        by_alias = above.endswith(OF_ALIASES)
        for key, inner in value.items():
            path = f"{above}.{'*' if by_alias else key}".lstrip(".")
            found |= {path} | keys(inner, path)
    elif isinstance(value, list):
        for inner in value:
            found |= keys(inner, f"{above}[]")
    return found


def _views(path: Path) -> dict[str, list[str]]:
    create(path)
    with closing(sqlite3.connect(path)) as connection:
        return {
            view: [row[1] for row in connection.execute(f"PRAGMA table_info({view})")]
            for view in ("sample_records", "spend", "agent_calls")
        }


def _methods(of: type) -> list[str]:
    """Public methods with the names of their parameters, and public attributes."""
    found: list[str] = []
    members: list[tuple[str, Any]] = inspect.getmembers(of)
    for name, member in members:
        if name.startswith("_"):
            continue
        is_method = inspect.isfunction(member)
        names = [p for p in inspect.signature(member).parameters if p != "self"] if is_method else []
        found.append(f"{name}({', '.join(names)})" if is_method else name)
    fields = getattr(of, "__dataclass_fields__", {})
    return sorted({*found, *(name for name in fields if not name.startswith("_"))})


def released_lines() -> list[str]:
    """The changelog's lines under its topmost release."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.split(r"^## ", text, flags=re.MULTILINE)[1]
    return sorted(line for line in newest.splitlines() if line.startswith("- "))
