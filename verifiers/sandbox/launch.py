"""The first thing that runs in a sandbox, as the text of `python -c`: sets the limits, gives up every right, then
becomes the command or runs the source. Imports nothing of manyfew: nothing of it is there.

Arguments: the settings (`uid=… memory=…`), then `command` and its words, or `python` and (name, source) pairs,
or `compiled` and (name, code) pairs.
"""

from __future__ import annotations

import marshal
import os
import resource
import sys

TYPE_CHECKING = False  # typing is not imported where every millisecond counts
if TYPE_CHECKING:
    from types import CodeType

STARTED = b"\x06"  # as in job.py


def limit(settings: dict[str, int]) -> None:
    """Each limit is set soft and hard, so that it can't be raised again; but a stack may be, as programs of contests do
    in their first line, if the address space bounds it too."""
    mebi = 1024 * 1024
    bounds = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": settings["file"] * mebi,
        "RLIMIT_NOFILE": settings["files"],
        # What Python 3.11's own recursion needs is on the heap; calls through C (sorted, lru_cache) need stack.
        "RLIMIT_STACK": 64 * mebi,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_RTPRIO": 0,
        "RLIMIT_AS" if settings["address"] else "RLIMIT_DATA": settings["memory"] * mebi,
    }
    if settings["cpu"]:
        bounds["RLIMIT_CPU"] = settings["cpu"]
    if settings["tasks"]:
        bounds["RLIMIT_NPROC"] = settings["tasks"]
    for name, bound in bounds.items():
        number = getattr(resource, name, None)
        if number is not None:
            # SIGXCPU says what it was; SIGKILL a second later for what ignores it
            hard = bound + 1 if name == "RLIMIT_CPU" else bound
            if name == "RLIMIT_STACK" and settings["address"]:
                hard = resource.RLIM_INFINITY
            most = resource.getrlimit(number)[1]
            if most != resource.RLIM_INFINITY:
                bound, hard = min(bound, most), most if hard == resource.RLIM_INFINITY else min(hard, most)
            resource.setrlimit(number, (bound, hard))


def main() -> None:
    settings = {key: int(value) for key, _, value in (item.partition("=") for item in sys.argv[1].split())}
    kind, rest = sys.argv[2], sys.argv[3:]
    if settings["uid"]:
        os.setgroups([])
        os.setresgid(settings["uid"], settings["uid"], settings["uid"])
        os.setresuid(settings["uid"], settings["uid"], settings["uid"])
    limit(settings)
    sys.path[:] = [folder for folder in sys.path if folder]
    if kind == "command":
        folders = [] if "/" in rest[0] else os.get_exec_path()
        path = next(
            (at for at in (f"{folder}/{rest[0]}" for folder in folders) if os.access(at, os.X_OK)), rest[0]
        )
        if not os.access(path, os.X_OK):
            sys.exit(f"{rest[0]} is not there, or is no program")
        os.write(1, STARTED)
        os.execv(path, rest)  # noqa: S606 - no shell is meant
    sys.argv[1:] = []
    modules = list(zip(rest[::2], rest[1::2], strict=True))
    for name, text in modules[:-1]:
        module = type(sys)(name)
        sys.modules[name] = module
        exec(code_of(kind, name, text), module.__dict__)  # noqa: S102 - our own source
    code = code_of(kind, *modules[-1])
    os.write(1, STARTED)
    exec(code, {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102 - our own source


def code_of(kind: str, name: str, text: str) -> CodeType:
    """The code of one part, from its source or as manyfew compiled it for this very interpreter."""
    if kind == "compiled":
        return marshal.loads(bytes.fromhex(text))  # noqa: S302 - our own
    return compile(text, f"<{name}>", "exec")


if __name__ == "__main__":
    main()
