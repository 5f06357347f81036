"""The words that run Python's launcher, which sets the limits from within."""

from __future__ import annotations

import marshal
from functools import cache, lru_cache
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
    if executable is not None:  # another version of Python, which compiles for itself
        launch = [executable, *FLAGS, "-c", _source("launch.py"), words]
        modules = [part for module in job.python for part in module]
    else:
        launch = [
            str(interpreter().executable),
            *FLAGS,
            "-c",
            _BOOT,
            _compiled("launch", _source("launch.py")),
            words,
        ]
        modules = [part for name, source in job.python for part in (name, _compiled(name, source))]
    if job.command:
        return [*launch, "command", *job.command]
    return [*launch, "python" if executable is not None else "compiled", *modules]


_BOOT = "import marshal, sys; exec(marshal.loads(bytes.fromhex(sys.argv.pop(1))))"


@cache
def _source(name: str) -> str:
    return files("verifiers.sandbox").joinpath(name).read_text("utf-8")


@lru_cache(maxsize=64)
def _compiled(name: str, source: str) -> str:
    """Compiled here once, for the same interpreter there: that takes a tenth of the time of a short program."""
    return marshal.dumps(compile(source, f"<{name}>", "exec")).hex()
