"""What `doctor` says of docker, by a command of that name."""

from pathlib import Path

import pytest

from orchestrator.doctor import docker as module
from orchestrator.doctor.docker import docker


@pytest.mark.parametrize(
    ("script", "state", "said"),
    [
        ("echo 27.3.1", "ok", "version 27.3.1"),
        (
            "echo 'Cannot connect to the Docker daemon' >&2; exit 1",
            "note",
            "Cannot connect to the Docker daemon",
        ),
        ("exit 1", "note", "no reason given"),
        ("true", "note", "no reason given"),
        ("sleep 5", "note", "no answer within"),
        (None, "note", "docker isn't installed"),
    ],
)
def test_what_is_said(tmp_path: Path, monkeypatch, script, state, said):
    monkeypatch.setattr(module, "ASK_S", 0.3)
    if script is not None:
        command = tmp_path / "docker"
        command.write_text(f'#!/bin/sh\n[ "$1" = version ] || exit 9\nPATH=/usr/bin:/bin\n{script}\n')
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = docker()
    assert (found.topic, found.state) == ("docker", state)
    assert said in found.text
    assert "\n" not in found.text
