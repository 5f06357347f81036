from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.faults.disk import build
from tests.orchestrator.run.sweeps import ROOT, Finished

Launch = Callable[[list[str], dict[str, str], Path], Finished]


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """disk.so; skips where it can't be made."""
    made = build(tmp_path_factory.mktemp("disk"))
    if isinstance(made, str):
        pytest.skip(made)
    return made


@pytest.fixture(scope="session")
def launch(disk: Path) -> Generator[Launch]:
    """Runs `manyfew` with arguments, environment and folder, in a process of its own, to its end."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))
    }
    nursery = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.faults.nursery"],
        env={**environment, "PYTHONPATH": str(ROOT), "LD_PRELOAD": str(disk)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    ask, answers = nursery.stdin, nursery.stdout

    def run(arguments: list[str], environment: dict[str, str], folder: Path) -> Finished:
        given = {"arguments": arguments, "environment": environment, "folder": str(folder), "timeout_s": 30}
        ask.write(json.dumps(given) + "\n")
        ask.flush()
        told = json.loads(answers.readline())
        return Finished(told["status"], told["out"], told["err"])

    yield run
    ask.close()
    assert nursery.wait(10) == 0
    answers.close()
