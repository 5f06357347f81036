"""The README is short and true: its links lead somewhere, and a newcomer's first sweep works as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, blocks, marked, stand_ins

README = (ROOT / "README.md").read_text("utf-8")
MOST_WORDS = 900


@pytest.fixture
def reader(tmp_path):
    """A folder with `.venv/bin/manyfew`: this environment's, or the one of the clean clone that MANYFEW_CLEAN names."""
    clean = os.environ.get("MANYFEW_CLEAN")
    if clean:
        (tmp_path / ".venv").symlink_to(Path(clean).resolve() / ".venv")
        return tmp_path
    command = tmp_path / ".venv/bin/manyfew"
    command.parent.mkdir(parents=True)
    run = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-P", "-m", "manyfew"])
    command.write_text(f'#!/bin/sh\nexec {run} "$@"\n')
    command.chmod(0o755)
    return tmp_path


def test_it_is_short():
    assert len(README.split()) <= MOST_WORDS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_its_links_lead_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    places = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]
    assert places or page != "README.md"
    for link in places:
        name, _, anchor = link.partition("#")
        file = ROOT / name
        assert file.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}, link


def test_its_sweep_is_the_one_that_init_writes():
    (block,) = [block for block in blocks(README) if block.language == "toml"]
    shown = tomllib.loads(block.body)
    written = tomllib.loads(files("orchestrator.cli").joinpath("starter.toml").read_text("utf-8"))
    assert _flat(shown).items() <= _flat(written).items()
    assert shown["models"].keys() == written["models"].keys()


def _flat(table: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Values by their whole key."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_first_sweep_works_after_exactly_those_commands(reader):
    """Typed into a terminal, with the answers that a newcomer gives; servers on loopback stand for the real ones."""
    with stand_ins() as places:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(reader),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "OPENAI_API_KEY": "sk-docs",
            "OPENAI_BASE_URL": places["OPENAI_BASE_URL"],
        }
        status, shown = _typed(
            marked(README, "first sweep"), f"{places['8000']}\n\n\n\n\n", reader, environment
        )
        assert status == 0, shown
        assert "worst case" in shown
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", marked(README, "first sweep: run")],
            cwd=reader,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
        )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert (reader / "runs/many-or-few.db").is_file()
    assert "cheap" in done.stdout
    assert "expensive" in done.stdout


def test_the_first_sweep_plans_without_a_terminal_a_key_or_a_server(reader):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", marked(README, "first sweep")],
        cwd=reader,
        env={"PATH": os.environ["PATH"], "HOME": str(reader), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "covers even the worst case" in done.stdout


def _typed(command: str, keys: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, keys.encode())
    shown = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # Linux: nobody holds the other end any more
            break
        if not read:
            break
        shown += read
    os.close(ours)
    return process.wait(60), shown.decode(errors="replace")
