"""docker or podman, which only SWE-bench and `sandbox = "container"` need: whether one of them answers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from orchestrator.doctor.finding import Finding
from verifiers.sandbox.said import cause

ASK_S = 10.0
FOR = 'only verifier swebench and sandbox = "container" need it'
SOCKET = (
    "for verifier swebench, let podman answer as docker does: `podman system service --time=0 unix:///tmp/podman.sock`,"
    " and set DOCKER_HOST=unix:///tmp/podman.sock"
)


def containers() -> Iterator[Finding]:
    """Asks docker's daemon for its version, then podman, which has none."""
    docker, podman = shutil.which("docker"), shutil.which("podman")
    version, why = _ask(docker, "{{.Server.Version}}") if docker else (None, "")
    if version:
        yield Finding("ok", "docker", f"its daemon answers, version {version}")
        return
    if podman:
        yield _podman(podman)
    elif docker:
        remedy = "start its daemon and give this user access to it; `docker info` must work"
        yield Finding("note", "docker", f"docker's daemon doesn't answer ({why}): {FOR}", remedy)
    else:
        text = f"neither docker nor podman is installed: {FOR}"
        yield Finding("note", "docker", text, "install docker, with its daemon, or podman")


def _podman(command: str) -> Finding:
    version, why = _ask(command, "{{.Client.Version}}")
    if version:
        return Finding("ok", "podman", f'version {version}, for sandbox = "container"; {SOCKET}')
    text = f"podman doesn't answer ({why}): {FOR}"
    return Finding("note", "podman", text, "`podman info` must work for this user")


def _ask(command: str, which: str) -> tuple[str | None, str]:
    """(version, why there is none)."""
    try:
        told = subprocess.run(  # noqa: S603  # found on PATH, as the user's own shell would
            [command, "version", "--format", which],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer within {ASK_S:.0f} s"
    except OSError as error:
        return None, str(error)[:160]
    version = told.stdout.strip()[:40]
    if told.returncode == 0 and version:
        return version, ""
    return None, cause(told.stderr)[:160] or "no reason given"
