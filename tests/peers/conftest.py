"""The interpreters of peers, each in an environment of its own (tests/peers/setup.sh)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.conftest import command

__all__ = ["command", "peer"]

HERE = Path(__file__).parent
PEERS = sorted(path.stem for path in HERE.glob("*.txt"))


@dataclass(frozen=True)
class Peer:
    """An interpreter that has the peer, and nothing of manyfew."""

    python: Path

    def answers(self, code: str, *arguments: Any, timeout_s: float = 300, **environment: str) -> Any:
        """Runs Python there, which reads JSON in `sys.argv[1:]`; gives the JSON on its last line."""
        done = subprocess.run(
            [str(self.python), "-P", "-c", code, *(json.dumps(each) for each in arguments)],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
            | environment,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])


def interpreter(name: str) -> Path | None:
    """As setup.sh makes it; None if it isn't there, or was made from other pins."""
    home = Path(os.environ.get("MANYFEW_PEERS_DIR") or Path.home() / ".cache/manyfew/peers") / name
    pins = home / "pins.txt"
    same = pins.is_file() and pins.read_bytes() == (HERE / f"{name}.txt").read_bytes()
    return home / "bin/python" if same else None


@pytest.fixture
def peer() -> Callable[[str], Peer]:
    """`peer("litellm")`: skips the test unless MANYFEW_PEERS names it. In CI a missing environment fails it."""

    def found(name: str) -> Peer:
        if name not in os.environ.get("MANYFEW_PEERS", "").split():
            pytest.skip(f"MANYFEW_PEERS does not name {name}")
        if (python := interpreter(name)) is not None:
            return Peer(python)
        missing = f"no environment with {name}: bash tests/peers/setup.sh {name}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)

    return found
