"""The guard alone, by its orders on stdin."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.run.servers.guarded import GUARD


@pytest.mark.parametrize("order", ["until 0.3", "stop 0.3", "kill"])
def test_an_order_that_comes_with_the_first_line(tmp_path: Path, order: str) -> None:
    """Both may be read at once; none is left lying until the next."""
    told = {
        "argv": ["sleep", "60"],
        "env": {"PATH": "/usr/bin:/bin"},
        "log": str(tmp_path / "log"),
        "secret": "",
        "grace_s": 1,
        "head": "",
    }
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as guard:
        assert guard.stdin is not None
        assert guard.stdout is not None
        guard.stdin.write(f"{json.dumps(told)}\n{order}\n".encode())
        guard.stdin.flush()
        said = [json.loads(guard.stdout.readline()) for _ in range(4)]  # its stdin is still open
    assert [next(iter(one)) for one in said] == ["up", "started", "died", "gone"]
    assert time.monotonic() - began < 20
