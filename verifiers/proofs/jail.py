"""The sandbox as provers use it: they are programs of this machine, so they are shown its folders of programs."""

from __future__ import annotations

import shutil
from pathlib import Path

from verifiers.sandbox import Jail, choose
from verifiers.types import Bounds

_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ocamlfind.conf")
"""The last: Debian's coqc finds its plugins by it."""


def jail_for(bounds: Bounds) -> Jail:
    return choose(bounds.sandbox)


def lacks(jail: Jail, kind: str) -> tuple[str, str] | None:
    if jail.name == "container":
        return (
            f"verifier {kind} runs the prover of this machine, which no container holds",
            "leave sandbox out: the prover then runs under bubblewrap",
        )
    return jail.lacks()


def system_folders() -> tuple[Path, ...]:
    """What programs of this machine need to run. Links of the top folder are made anew by the sandbox itself."""
    return tuple(path for path in map(Path, _SYSTEM) if path.exists() and not path.is_symlink())


def prefix_of(program: str) -> Path | None:
    """The folder of an installation outside of the system's own: `…/bin/coqc` gives `…`."""
    found = shutil.which(program)
    if found is None:
        return None
    path = Path(found).resolve()
    return None if any(path.is_relative_to(folder) for folder in _SYSTEM) else path.parent.parent
