"""Whether Python finds manyfew's own packages, or others of the same names. Standard library only: the manyfew
package loads this file by its path, since `orchestrator` itself may be the name that is taken."""

from __future__ import annotations

import importlib.machinery
import sys
from pathlib import Path

PACKAGES = ("orchestrator", "providers", "pricing", "verifiers")
HOME = Path(__file__).resolve().parent.parent


def remedy() -> str:
    """A command that works here: the environment that runs now is the one to leave."""
    import shlex
    import shutil

    if shutil.which("pipx"):
        command = "pipx install manyfew"
    elif shutil.which("uv"):
        command = "uv tool install manyfew"
    else:
        python = shlex.quote(sys.executable)
        command = f"{python} -m venv ~/.manyfew && ~/.manyfew/bin/python -m pip install manyfew"
    return f"install manyfew on its own: {command}"


def shadowed(home: Path = HOME) -> list[str]:
    """A line for each package that Python would take from elsewhere than `home`, manyfew's own folder."""
    lines: list[str] = []
    for name in PACKAGES:
        found = _found(name)
        if found is None:
            lines.append(f"the package {name} is missing beside {home / 'manyfew'}")
        elif found != home / name:
            lines.append(f"{found} hides manyfew's own package {name}")
    return lines


def overwritten() -> list[str]:
    """A line for each package whose first file is no longer the installed one: another distribution that carries
    the same name (PyPI's `verifiers` does) was installed over it. Reads files, so only `doctor` asks."""
    import importlib.metadata

    try:
        files = importlib.metadata.files("manyfew") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    heads = {f"{name}/__init__.py": name for name in PACKAGES}
    return [
        f"another distribution has overwritten manyfew's own package {heads[str(file)]}"
        for file in files
        if str(file) in heads
        and file.hash is not None
        and _digest(Path(str(file.locate()))) != file.hash.value
    ]


def _found(name: str) -> Path | None:
    """The folder (or file) that `import name` takes, without importing it."""
    module = sys.modules.get(name)
    spec = module.__spec__ if module is not None else importlib.machinery.PathFinder.find_spec(name)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None


def _digest(path: Path) -> str | None:
    """As a wheel's RECORD writes it."""
    import base64
    import hashlib

    try:
        content = path.read_bytes()
    except OSError:
        return None
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
