"""The Python that runs in a sandbox: this one's, without anything that was installed into it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FLAGS = ("-S", "-s", "-B")
"""No site-packages: which packages happen to be installed must not change a verdict."""
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the sandbox's own
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",  # the order of a set must not change a verdict
    "PYTHONUTF8": "1",
    "PYTHONINTMAXSTRDIGITS": "0",  # an integer of 5,000 digits is a usual answer, and the time is limited anyway
    # A thread for each core would take more address space than a program may have.
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
MAPPED = """
with open("/proc/self/maps") as maps:
    print(*{line.split(maxsplit=5)[5].strip() for line in maps if line.rstrip().endswith((".so",)) or ".so." in line},
          sep="\\n")
"""
"""Prints the shared libraries that the process has loaded."""
_PROBE = """
import sys
for name in ("ctypes", "hashlib", "lzma", "bz2", "zlib", "decimal", "sqlite3", "ssl", "readline", "curses", "uuid"):
    try:
        __import__(name)
    except ImportError:
        pass
print(*(folder for folder in sys.path if folder), sep="\\n")
print()
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Everything that must be seen for it to run."""

    executable: Path
    folders: tuple[Path, ...]
    """Its standard library."""
    libraries: tuple[Path, ...]
    """The shared libraries that it and its standard library load."""
    hidden: tuple[Path, ...]
    """Folders of the above with what was installed."""


@cache
def interpreter() -> Interpreter:
    """Asks the interpreter itself, once a process; OSError or CalledProcessError if it doesn't run."""
    executable = _executable()
    found = subprocess.run(  # noqa: S603 - this interpreter
        [executable, "-I", *FLAGS, "-c", _PROBE + MAPPED],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    paths, _, mapped = found.partition("\n\n")
    folders = [Path(line) for line in paths.splitlines() if Path(line).is_dir()]
    top = [folder for folder in folders if not any(other in folder.parents for other in folders)]
    libraries = {Path(line) for line in mapped.splitlines() if line.startswith("/")}
    outside = {path for path in libraries if not any(folder in path.parents for folder in top)}
    loader = {path for path in map(Path, _LOADERS) if path.exists()}
    hidden = [folder / "site-packages" for folder in top if (folder / "site-packages").is_dir()]
    return Interpreter(executable, tuple(top), tuple(sorted(by_name(outside) | loader)), tuple(hidden))


_LOADERS = (
    "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1", "/etc/ld.so.cache",
)  # fmt: skip
"""The loader by the name that programs carry, and its cache, without which it looks in few folders."""


def _executable() -> Path:
    """The interpreter that a virtual environment stands on."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    own = Path(os.path.realpath(sys.executable))
    for path in (Path(sys.base_prefix, "bin", version), own):
        if path.exists():
            return Path(os.path.realpath(path))
    return own


def by_name(libraries: set[Path]) -> set[Path]:
    """The files themselves and every link to them beside them: a library is asked for by a link's name."""
    links: set[Path] = set()
    for folder in {path.parent for path in libraries}:
        for entry in os.scandir(folder):
            versioned = ".so." in entry.name  # libz.so is for the linker, libz.so.1 for programs
            if versioned and entry.is_symlink() and Path(os.path.realpath(entry.path)) in libraries:
                links.add(Path(entry.path))
    return libraries | links
