"""What `doctor` says of docker and podman, by commands of those names."""

from pathlib import Path

import pytest

from orchestrator.doctor import containers as module
from orchestrator.doctor.containers import containers


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
        (None, "note", "neither docker nor podman is installed"),
        (
            "printf '%s\\n' 'docker: Error: no catatonit' '' \"Run 'docker run --help'\" >&2; exit 125",
            "note",
            "(docker: Error: no catatonit)",
        ),
    ],
)
def test_what_is_said_of_docker(tmp_path: Path, monkeypatch, script, state, said):
    monkeypatch.setattr(module, "ASK_S", 0.3)
    command(tmp_path / "docker", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = containers()
    assert (found.topic, found.state) == ("docker", state)
    assert said in found.text
    assert "\n" not in found.text


@pytest.mark.parametrize(
    ("docker", "podman", "topic", "state", "said"),
    [
        (None, "echo 4.3.1", "podman", "ok", "version 4.3.1"),
        ("exit 1", "echo 4.3.1", "podman", "ok", "DOCKER_HOST"),
        ("echo 27.3.1", "echo 4.3.1", "docker", "ok", "version 27.3.1"),
        (None, "echo 'WARN[0000] old' >&2; echo 'Error: no runc' >&2; echo bye >&2; exit 125", "podman", "note",
         "(Error: no runc)"),
    ],
)  # fmt: skip
def test_what_is_said_of_podman(tmp_path: Path, monkeypatch, docker, podman, topic, state, said):
    command(tmp_path / "docker", docker)
    command(tmp_path / "podman", podman)
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = containers()
    assert (found.topic, found.state) == (topic, state)
    assert said in found.text


def command(path: Path, script: str | None) -> None:
    if script is not None:
        path.write_text(f'#!/bin/sh\n[ "$1" = version ] || exit 9\nPATH=/usr/bin:/bin\n{script}\n')
        path.chmod(0o755)
