"""manyfew in a clean environment of each kind, and what a shell there runs."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_QUIET = ("-q", "--no-compile")  # compiling takes longer than all the rest
KINDS = ("venv", "venv without pip", "uv venv", "pipx", "uv tool", "plain")


@dataclass
class Shell:
    """A user's shell: a clean environment, with nothing of the tests' own Python."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])
    without_uv: bool = False

    def run(self, *words: Any, status: int = 0) -> str:
        """Runs a command, or a line of one word; gives its stdout."""
        line = words[0] if len(words) == 1 else [str(word) for word in words]
        done = subprocess.run(
            line,
            shell=isinstance(line, str),
            executable="/bin/bash" if isinstance(line, str) else None,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == status, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr[-4000:]}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = (
            "PATH",
            "HOME",
            "LANG",
            "SSL_CERT_FILE",
            "UV_CACHE_DIR",
            "PIP_CERT",
            "PIP_CACHE_DIR",
            "PIP_FIND_LINKS",
        )
        given = {name: os.environ[name] for name in kept if name in os.environ}
        if self.without_uv:
            given["PATH"] = ":".join(
                place for place in given["PATH"].split(":") if not Path(place, "uv").exists()
            )
        return {**given, **self.variables}


def install(kind: str, what: Path, python: str, folder: Path) -> tuple[Shell, Path]:
    """Installs `what` (a wheel or an sdist) as a user would; gives a shell and the command's path."""
    shell = Shell(folder)
    home = folder / "venv"
    match kind:
        case "venv":
            shell.run(python, "-m", "venv", home)
            shell.run(home / "bin/python", "-m", "pip", "install", *_QUIET, what)
        case "venv without pip":
            shell.without_uv = True
            shell.run(python, "-m", "venv", "--without-pip", home)
            shell.run(python, "-m", "pip", "--python", home / "bin/python", "install", *_QUIET, what)
        case "uv venv":
            shell.run("uv", "venv", "-q", "--python", python, home)
            shell.run("uv", "pip", "install", "-q", "--python", home, what)
        case "pipx":
            shell.variables = {"PIPX_HOME": f"{folder}/pipx", "PIPX_BIN_DIR": f"{folder}/bin"}
            shell.run("pipx", "install", "-q", "--python", python, what)
            return shell, folder / "bin/manyfew"
        case "uv tool":
            tools = {"UV_TOOL_DIR": f"{folder}/tools", "UV_TOOL_BIN_DIR": f"{folder}/bin"}
            shell.variables = tools
            shell.run("uv", "tool", "install", "-q", "--python", python, what)
            shell.variables = {}  # the command must name the folders by itself
            return shell, folder / "bin/manyfew"
        case "plain":
            shell.variables = {"PYTHONUSERBASE": f"{folder}/user", "PIP_USER": "1"}
            shell.run(python, "-m", "pip", "install", *_QUIET, "--break-system-packages", what)
            return shell, folder / "user/bin/manyfew"
        case _:
            raise AssertionError(kind)
    return shell, home / "bin/manyfew"


def remedy_of(shell: Shell, line: str) -> str:
    """What the error of a command that must fail says to do, in its last brackets."""
    told = shell.run(f"{line} 2>&1", status=2)
    found = re.search(r"\((.*)\)\s*$", told)
    assert found is not None, told
    return found[1]
