"""A misspelt script is found before anything starts, wherever a command may keep it."""

from __future__ import annotations

import pytest

from orchestrator.errors import InputError
from orchestrator.run.agents.command_files import files_of, missing_script, script_at
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.loopback.scripted import ScriptedVendor, fixes
from tests.orchestrator.run.agents.sweeps import FIX, agents


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("python3 run.py --task {prompt}", "run.py"),
        ("/usr/bin/python3.12 -u -W ignore agents/run", "agents/run"),
        ("python -c print() run.py", None),
        ("python -Im agent run.py", None),
        ("python {folder}/run.py", None),
        ("bash -euo pipefail solve", "solve"),
        ("bash -lc run.sh", None),
        ("env A=1 B=2 python3 run.py", "run.py"),
        ("timeout 30m node --require x.js run.mjs", "run.mjs"),
        ("timeout -k 5 30m node run.mjs", None),
        ("node -e 1 run.mjs", None),
        ("uv run.py", "run.py"),
        ("mini -y -t {prompt} -o out.py", None),
        ("agent {prompt} out.py", None),
        ("agent solve calc.py", None),
        ("agent", None),
    ],
)
def test_which_word_is_the_script(command, script):
    words = command.split()
    at = script_at(words)
    assert (None if at is None else words[at]) == script


def test_a_script_lies_beside_the_sweep_file_or_in_every_folder(tmp_path):
    beside, one, two = tmp_path / "sweep", tmp_path / "one", tmp_path / "two"
    for folder in (beside, one, two):
        folder.mkdir()
    (beside / "agent").write_text("")
    (one / "tool.py").write_text("")
    command = ["python3", "agent", "--config", "none.yaml"]
    assert files_of(command, beside) == {1: beside / "agent"}
    assert missing_script(command, beside, []) is None
    assert missing_script(["python3", "agnet"], beside, []) == "agnet"
    assert missing_script(["python3", "agnet"], beside, None) is None, "what prepares the folder may bring it"
    assert missing_script(["python3", "tool.py"], beside, [one]) is None
    assert missing_script(["python3", "tool.py"], beside, [one, two]) == "tool.py"
    assert missing_script(["python3", str(beside / "agnet")], beside, None) == str(beside / "agnet")
    assert missing_script(["python3", "/attempt/folder/x.py"], beside, []) is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ({"command": ["python3", "agnet.py"]}, "models.a.agent.command: no such file: agnet.py"),
        ({"prepare": ["bash", "clone.sh"], "folder": None}, "models.a.agent.prepare: no such file: clone.sh"),
        ({"prepare": ["no-such-program"], "folder": None}, "agent.prepare: no such program: no-such-program"),
    ],
)
def test_one_line_says_what_is_missing(tmp_path, agent, words):
    path = agents(tmp_path, ScriptedVendor(fixes(*FIX)), model={"base_url": "http://127.0.0.1:1/v1"}, **agent)
    with pytest.raises(InputError) as caught:
        prepare(load(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
