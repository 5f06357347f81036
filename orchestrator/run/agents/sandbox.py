"""How an attempt is started: in bubblewrap, or as it is for an agent that is trusted.

In bubblewrap an agent has namespaces of its own for processes, network, IPC and host name. It sees the system's
programs and its own (program.py) read-only, writes to its attempt's folder alone, and reaches nothing but the gateway,
through a socket that guard.py relays to a port. It keeps the user's id, without any right of root, since the folder's
files are the user's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from orchestrator.run.agents import guard, program
from orchestrator.run.agents.place import PORT, Place
from verifiers.sandbox.interpreter import interpreter

_SOCKET = "/gateway.sock"
_ETC = (
    "passwd", "group", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime",
    "timezone", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki", "python3", "java", "fonts", "magic",
    "mime.types", "terminfo", "bash.bashrc", "profile", "shells", "services", "protocols",
)  # fmt: skip
"""What programs look for in /etc, and nothing that is secret."""
_GUARD = "/guard.py"


def trusted(place: Place, command: Sequence[str]) -> list[str]:
    """Without a sandbox: only the guard, so that nothing lives on."""
    return [*_guard(guard.__file__), "-", "0", str(place.prompt), *command]


def bubblewrap(
    place: Place,
    command: Sequence[str],
    *,
    needs: Sequence[Path],
    socket: Path | None,
) -> list[str]:
    """`needs`: files and folders outside the system's own that it may read. `socket`: the gateway's; None: nothing is
    reached at all."""
    bwrap = shutil.which("bwrap") or "bwrap"  # by its place: the environment is the agent's
    out = [bwrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    out += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--cap-drop", "ALL"]
    if os.geteuid() != 0:
        out += ["--unshare-user", "--uid", str(os.geteuid()), "--gid", str(os.getegid())]
    out += _system()
    # Before the rest, so that what lies in this machine's own /tmp may be read.
    out += ["--bind", str(place.scratch), "/tmp"]  # noqa: S108
    python = interpreter()
    read = [*needs, python.executable, *python.folders, *python.libraries]
    for path in sorted({Path(os.path.realpath(path.parent), path.name) for path in read}):
        if not any(top == path or top in path.parents for top in program.EVERYWHERE):
            out += ["--ro-bind", str(path), str(path)]
    for path in needs:  # as it was named, where folders on the way are links
        if Path(os.path.realpath(path.parent), path.name) != path:
            out += ["--ro-bind", str(path), str(path)]
    out += ["--proc", "/proc", "--dev", "/dev", "--bind", str(place.outside), str(place.inside)]
    out += ["--ro-bind", str(place.prompt), place.seen(place.prompt)]
    out += ["--ro-bind", guard.__file__, _GUARD]
    if socket is not None:
        out += ["--ro-bind", str(socket), _SOCKET]
    out += ["--remount-ro", "/", "--chdir", place.seen(place.folder), "--"]
    relayed = "-" if socket is None else _SOCKET
    return [*out, *_guard(_GUARD), relayed, str(PORT), place.seen(place.prompt), *command]


def _system() -> list[str]:
    out: list[str] = []
    for top in program.EVERYWHERE:
        if top.is_symlink():
            out += ["--symlink", str(top.readlink()), str(top)]
        elif top.is_dir():
            out += ["--ro-bind", str(top), str(top)]
    for name in _ETC:
        path = Path("/etc", name)
        if path.exists():
            out += ["--ro-bind", str(path), str(path)]
    return out


def _guard(file: str) -> list[str]:
    return [str(interpreter().executable), "-I", "-S", "-B", file]
