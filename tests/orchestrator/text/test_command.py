"""Commands that are printed work where they are pasted: each is formed in one place, as the program was called."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.cli.command_table import COMMANDS
from orchestrator.text.command import NAME, called_as, command

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("manyfew", "orchestrator", "pricing", "providers", "verifiers")
ELSEWHERE = {
    "orchestrator/cli/commands/frontier.py": 1,
    "orchestrator/cli/commands/verifying/verify_export.py": 1,
    "orchestrator/ledger/exporting/bundle.py": 1,
    "orchestrator/ledger/reading/samples/page_samples.py": 1,
    "orchestrator/report/page/live.py": 1,
    "orchestrator/report/page/samples.py": 1,
    "orchestrator/reward/begin.py": 1,
}
"""How many of a file's strings are read on other machines: in a page, a bundle, a ledger, a part to be judged
anywhere."""
_NAMES = "|".join(sorted(COMMANDS, key=len, reverse=True))
OWN = re.compile(rf"(?<![\w/.-])manyfew (?:{_NAMES})(?![\w-])|[Nn]ext: manyfew")


def _strings(file: Path) -> list[tuple[int, str]]:
    """The strings of a file but for its docstrings, and for the name of the command that an error is about."""
    source = file.read_text("utf-8")
    if not OWN.search(source):
        return []
    tree = ast.parse(source)
    docs = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
        and node.value.removeprefix("manyfew ") not in COMMANDS
    ]


def test_no_command_is_joined_of_words():
    """As in shlex.join(["manyfew", "show", …])."""
    joined = re.compile(rf"""["']manyfew["'],\s*(?:\*|["'](?:{_NAMES})["'])""")
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    assert joined.search('["manyfew", "show", str(db)]')
    assert [str(file) for file in files if joined.search(file.read_text("utf-8"))] == []


def test_printed_commands_are_formed_in_one_place():
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    assert len(files) > 300
    found = [
        (str(file.relative_to(ROOT)), line, text)
        for file in files
        for line, text in _strings(file)
        if OWN.search(text)
    ]
    assert [one for one in found if one[0] not in ELSEWHERE] == []
    assert Counter(name for name, _, _ in found) == ELSEWHERE


@pytest.mark.parametrize("text", ["Next: manyfew frontier ", "`manyfew show`", "next: manyfew "])
def test_a_command_formed_otherwise_is_found(text):
    assert OWN.search(text)


@pytest.fixture
def installed(tmp_path) -> Path:
    """An environment with the script, which prints how it was called."""
    folder = tmp_path / "my env/bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    script = folder / NAME
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        f"sys.executable = {str(folder / 'python')!r}\n"
        "from orchestrator.text.command import called\nprint(called())\n"
    )
    script.chmod(0o755)
    return folder


def _printed(line: str, cwd: Path, path: str, **environ: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=cwd,
        env={"PATH": path, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_script_as_it_was_called(installed, tmp_path):
    usual, other = "/usr/bin:/bin", tmp_path / "other"
    other.mkdir()
    for line in ("'my env/bin/manyfew'", f"'{installed}/manyfew'"):
        assert _printed(line, tmp_path, usual) == line
    assert _printed("manyfew", tmp_path, f"{installed}:{usual}") == NAME
    assert _printed("'my env/bin/manyfew'", tmp_path, f"{installed}:{usual}") == NAME
    (other / NAME).symlink_to(installed / NAME)  # as pipx and uv leave it in ~/.local/bin
    assert _printed("manyfew", tmp_path, f"{other}:{usual}") == NAME
    (other / NAME).unlink()
    (other / NAME).write_text("#!/bin/sh\n")
    (other / NAME).chmod(0o755)
    shadowed = f"{other}:{installed}:{usual}"  # another program of that name comes first
    assert _printed("'my env/bin/manyfew'", tmp_path, shadowed) == "'my env/bin/manyfew'"


def test_what_is_printed_works_when_pasted(installed, tmp_path):
    said = _printed("'my env/bin/manyfew'", tmp_path, "/usr/bin:/bin")
    assert _printed(said, tmp_path, "/usr/bin:/bin") == said


def _as(program: str, *started: str, python: Path, path: str = "/usr/bin", **environ: str) -> str:
    return called_as(program, started, str(python), {"PATH": path, **environ})


def test_python_m_uv_and_notebooks(installed, tmp_path):
    python, main = installed / "python", "/site/manyfew/__main__.py"
    typed = ("python3", "-P", "-m", NAME, "run", "s.toml")
    assert _as(main, *typed, python=python) == "python3 -P -m manyfew"
    assert _as(main, *typed, python=python, path=str(installed)) == NAME  # the same by its usual name
    script, path = str(installed / NAME), str(installed)
    in_uv = {"UV": "/bin/uv", "UV_RUN_RECURSION_DEPTH": "1"}
    assert _as(script, "python", script, python=python, path=path, **in_uv) == "uv run manyfew"
    once = tmp_path / "uv/archive-v0/Ab/bin"
    once.parent.mkdir(parents=True)
    once.symlink_to(installed)
    assert _as(f"{once}/manyfew", python=once / "python", path=str(once), UV="/bin/uv") == "uvx manyfew"
    with_it = _as(f"{once}/manyfew", python=once / "python", path=str(once), **in_uv)
    assert with_it == "uv run --with manyfew manyfew"
    assert _as("/lib/ipykernel_launcher.py", python=python) == f"'{installed}/manyfew'"
    assert _as("-c", python=Path("/opt/py/bin/python3")) == "/opt/py/bin/python3 -m manyfew"


def test_values_are_quoted_and_harmless(monkeypatch):
    monkeypatch.setattr(sys, "argv", [NAME])
    assert command("verdicts {} --use {}", "my runs/a.db", "it's").endswith(
        " verdicts 'my runs/a.db' --use 'it'\"'\"'s'"
    )
    hostile = "a\x1b[2J\n'\\.db"
    line = command("show {}", hostile)
    assert "\x1b" not in line
    assert "\n" not in line
    bash = subprocess.run(
        ["bash", "-c", f"printf %s {line.split(' show ')[1]}"], capture_output=True, text=True, check=True
    )
    assert bash.stdout == hostile
