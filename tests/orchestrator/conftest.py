"""The command as people run it: another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli import main as frame

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def manyfew(tmp_path):
    """Runs `python -m manyfew` in an empty folder, without the caller's keys and base URLs."""

    def _run(*arguments: str, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))}
        path = os.pathsep.join(filter(None, [environment.pop("PYTHONPATH", ""), str(ROOT)]))
        return subprocess.run(
            [sys.executable, "-P", "-m", "manyfew", *arguments],
            cwd=cwd,
            env={**kept, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    return _run


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """The same in this process, which saves the start-up: for tables of many calls."""
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            frame.main(arguments)
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), out, err)

    return _run
