"""Docker, which only SWE-bench and `sandbox = "container"` need: its command, and whether its daemon answers."""

from __future__ import annotations

import shutil
import subprocess

from orchestrator.doctor.finding import Finding

ASK_S = 10.0
FOR = 'only verifier swebench and sandbox = "container" need it'


def docker() -> Finding:
    """Asks the daemon for its version."""
    command = shutil.which("docker")
    if command is None:
        return Finding("note", "docker", f"docker isn't installed: {FOR}", "install docker, with its daemon")
    try:
        told = subprocess.run(  # noqa: S603  # found on PATH, as the user's own shell would
            [command, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return _silent(f"no answer within {ASK_S:.0f} s")
    except OSError as error:
        return _silent(str(error))
    version = told.stdout.strip()
    if told.returncode != 0 or not version:
        return _silent((told.stderr.strip() or "no reason given").splitlines()[-1])
    return Finding("ok", "docker", f"its daemon answers, version {version[:40]}")


def _silent(why: str) -> Finding:
    remedy = "start its daemon and give this user access to it; `docker info` must work"
    return Finding("note", "docker", f"docker's daemon doesn't answer ({why[:160]}): {FOR}", remedy)
