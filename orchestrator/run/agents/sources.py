"""The folders that attempts start from: found before anything starts, and known by their contents."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path

from orchestrator.sweep.tables.agent import filled
from orchestrator.sweep.types import Agent


def source_of(agent: Agent, problem: str, beside: Path) -> Path | None:
    """The folder that is copied for a problem. `beside`: the sweep file's folder."""
    if agent.folder is None:
        return None
    return (beside / Path(filled(agent.folder, {"problem": problem})).expanduser()).resolve()


def leads_out(agent: Agent, source: Path, beside: Path) -> bool:
    """Whether a problem's name leads out of where its sweep's folders lie."""
    assert agent.folder is not None
    before = agent.folder.partition("{problem}")[0]
    top = (beside / Path(before).expanduser()).resolve()
    return "{problem}" in agent.folder and (top if before.endswith("/") else top.parent) not in source.parents


def digest(folder: Path) -> str:
    """Of the names, modes and contents of a folder's files. Of a git repository, what is committed is told by its
    tree, so that only what differs is read."""
    total = hashlib.sha256()
    tree = _git(folder, "rev-parse", "HEAD^{tree}") if (folder / ".git").exists() else None
    if tree is not None:
        total.update(tree)
        total.update(_git(folder, "diff", "--binary", "--no-ext-diff", "--no-textconv", "HEAD") or b"")
        others = _git(folder, "ls-files", "-z", "--others") or b""
        names = [os.fsdecode(name) for name in others.split(b"\0") if name]
    else:
        names = [str(path.relative_to(folder)) for path in folder.rglob("*")]
    for name in sorted(names):
        path = folder / name
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            total.update(f"{name}\0link\0{path.readlink()}\0".encode("utf-8", "surrogateescape"))
        elif stat.S_ISREG(mode):
            total.update(f"{name}\0{mode & 0o111:o}\0".encode("utf-8", "surrogateescape"))
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def _git(folder: Path, *arguments: str) -> bytes | None:
    """None if git can't say."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
