"""Modules named in strings: a rename must not switch off what imports them."""

from __future__ import annotations

import ast
import importlib
import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest

from orchestrator.cli.command_table import COMMANDS, function_of

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("manyfew", "orchestrator", "pricing", "providers", "verifiers")
NAME = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+(?::\w+)?")
STATEMENT = re.compile(rf"\bfrom ((?:{'|'.join(PACKAGES)})(?:\.\w+)*) import (\w+(?:, \w+)*)")
NO_MODULES = ("manyfew._shadow", "manyfew.proof", "pricing.py", "verifiers.code.inside.")
"""Names that only look like a module's: made up at run time, a prover's, a file's."""


def strings(file: Path) -> list[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def found(name: str) -> bool:
    """Whether it is a module, or something in one."""
    parts = name.replace(":", ".").split(".")
    for end in range(len(parts), 0, -1):
        try:
            spec = find_spec(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        if spec is not None:
            thing = importlib.import_module(".".join(parts[:end])) if end < len(parts) else None
            for part in parts[end:]:
                thing = getattr(thing, part, None)
            return end == len(parts) or thing is not None
    return False


def named() -> dict[str, set[str]]:
    places: dict[str, set[str]] = {}
    for folder in (*PACKAGES, "tests", "docs", "benchmarks"):
        for file in (ROOT / folder).rglob("*.py"):
            for text in strings(file):
                for match in STATEMENT.finditer(text):
                    for name in match[2].split(", "):
                        places.setdefault(f"{match[1]}.{name}", set()).add(str(file.relative_to(ROOT)))
                if NAME.fullmatch(text) and not text.startswith(NO_MODULES):
                    places.setdefault(text, set()).add(str(file.relative_to(ROOT)))
    return places


def test_a_name_in_a_string_is_there():
    places = named()
    assert len(places) > 40
    assert {name: there for name, there in places.items() if not found(name)} == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_function(command):
    assert callable(function_of(command))


def test_the_commands_folder_holds_commands_and_nothing_else():
    folder = ROOT / "orchestrator/cli/commands"
    files = [
        file.relative_to(folder).with_suffix("") for file in folder.rglob("*.py") if file.stem != "__init__"
    ]
    assert {".".join(file.parts) for file in files} == set(COMMANDS.values())


def test_what_runs_in_the_sandbox_is_packaged():
    from verifiers.code import jobs

    for main in ("program", "candidate", "checker"):
        assert jobs.python_job(main, cpu_s=1, memory_mb=64, packages=jobs.Seen()).python
    assert files("verifiers.code.inside").joinpath("program.py").is_file()
