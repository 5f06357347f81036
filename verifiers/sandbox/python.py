"""The words that run Python's launcher, which sets the limits from within."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from verifiers.sandbox.interpreter import FLAGS, interpreter
from verifiers.sandbox.job import Job


def launch_command(job: Job, uid: int, tasks: int, executable: str | None = None) -> list[str]:
    """`uid`: the user to become, 0 to stay; `tasks`: the limit of processes and threads, 0 for none."""
    limits = job.limits
    settings = {
        "uid": uid,
        "tasks": tasks,
        "memory": limits.memory_mb,
        "address": int(limits.address_space),
        "cpu": limits.cpu_s or 0,
        "file": limits.file_mb,
        "files": limits.open_files,
    }
    words = " ".join(f"{key}={value}" for key, value in settings.items())
    launch = [executable or str(interpreter().executable), *FLAGS, "-c", _launcher(), words]
    if job.command:
        return [*launch, "command", *job.command]
    return [*launch, "python", *(part for module in job.python for part in module)]


@cache
def _launcher() -> str:
    return files("verifiers.sandbox").joinpath("launch.py").read_text("utf-8")
