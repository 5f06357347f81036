"""The scripts of docs/how-to/get-told.md, as `run --notify` starts them. The two libraries are stand-ins."""

from __future__ import annotations

import ast
import json
import sys

import pytest

from tests.docs.pages import DOCS, blocks

STAND_IN = """
import atexit, contextlib, json
calls = []
atexit.register(lambda: open("calls.json", "w").write(json.dumps(calls)))

class Run:
    class summary(dict):
        def update(self, metrics): calls.append(["log", metrics])
    summary = summary()

@contextlib.contextmanager
def init(**given):
    calls.append(["init", given])
    yield Run()

start_run = init
def log_metrics(metrics):
    assert all(isinstance(value, (int, float)) for value in metrics.values())
    calls.append(["log", metrics])
"""


@pytest.mark.parametrize("library", ["wandb", "mlflow"])
def test_a_few_lines_pass_the_summary_on(manyfew, tmp_path, library):
    page = (DOCS / "how-to" / "get-told.md").read_text("utf-8")
    (script,) = [block.body for block in blocks(page) if block.name == f"to_{library}.py"]
    assert len([line for line in script.splitlines() if line]) <= 6
    ast.parse(script)
    (tmp_path / f"to_{library}.py").write_text(script)
    (tmp_path / f"{library}.py").write_text(STAND_IN)
    assert manyfew("init", "--quickstart", "q.toml").returncode == 0
    text = (tmp_path / "q.toml").read_text().replace("speed = 60", "speed = 3000")
    (tmp_path / "q.toml").write_text(text.replace("[problems]\n", "[problems]\nlimit = 3\n"))
    done = manyfew("run", "q.toml", "--notify", f"{sys.executable} to_{library}.py")
    assert (done.returncode, done.stderr.count("warning: --notify")) == (0, 0), done.stderr
    began, *logged = json.loads((tmp_path / "calls.json").read_text())
    assert "quickstart" in began[1].values()
    metrics = {key: value for call in logged for key, value in call[1].items()}
    assert metrics["gemma/samples_done"] == 3 * 64
