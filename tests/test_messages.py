"""What manyfew says never speaks Python or JSON: no type, no None, no class of an error, in any message of an error."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("manyfew", "orchestrator", "pricing", "providers", "verifiers")
SAYS = frozenset({"InputError", "ManyfewError", "LedgerBroken", "Stopped", "Unpriceable", "Finding", "print"})
"""Calls whose texts reach a person."""
FOREIGN = re.compile(
    r"\b(None|True|False|NoneType|dict|list\[|tuple\[|Path\(|traceback|\w+Error|\w+Exception)\b|<\w+>"
)


def messages() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            text = file.read_text("utf-8")
            if not any(f"{name}(" in text for name in SAYS):
                continue
            for call in ast.walk(ast.parse(text)):
                if isinstance(call, ast.Call) and _name(call.func) in SAYS:
                    for argument in call.args:
                        yield f"{file.relative_to(ROOT)}:{call.lineno}", _text(argument)


def _name(function: ast.expr) -> str:
    return getattr(function, "id", None) or getattr(function, "attr", "")


def _text(argument: ast.expr) -> str:
    """Its words, with an ellipsis for each value that is put in."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    if isinstance(argument, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in argument.values)
    return ""


def test_no_message_speaks_python_or_json():
    found = [(place, text) for place, text in messages() if text]
    assert len(found) > 400
    assert [f"{place}: {match[0]}: {text}" for place, text in found if (match := FOREIGN.search(text))] == []
