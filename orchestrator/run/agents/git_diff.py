"""What an attempt changed in its folder, as a patch that `git apply` takes: new, deleted and binary files too.

manyfew compares with repositories of its own, so that nothing of the agent's counts: not its commits, nor a `.git` that
it removed, nor a filter or hook that it set up. What `.gitignore` names is left out.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 300.0
_SETTINGS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


_AGENTS_OWN = (".aider*",)
"""What agents keep for themselves in the folder where they work."""


class GitError(Exception):
    """git could not say; its text says why."""


@dataclass(frozen=True, slots=True)
class Base:
    """A folder as it was before an attempt."""

    repository: Path
    tree: str
    alternates: tuple[Path, ...] = ()
    """Where objects lie that it needn't have itself."""


async def base_of(folder: Path, repository: Path) -> Base:
    """Remembers a folder. A repository there lends its objects, so that little is written. Raises GitError."""
    shutil.rmtree(repository, ignore_errors=True)
    await _git(["init", "--quiet", "--bare", str(repository)], {})
    lent = _objects(folder)
    stated = folder / ".git/info/exclude"
    (repository / "info").mkdir(exist_ok=True)
    (repository / "info/exclude").write_text(
        "\n".join([*_AGENTS_OWN, stated.read_text("utf-8", errors="replace") if stated.is_file() else ""])
    )
    base = Base(repository, "", (lent,) if lent is not None else ())
    tree = await _tree(base, folder, repository / "objects", repository / "index")
    return Base(repository, tree, base.alternates)


async def patch(base: Base, folder: Path, scratch: Path) -> str:
    """What has changed. `scratch`: a folder that git may fill. Raises GitError."""
    objects = scratch / "objects"
    objects.mkdir(parents=True)
    own = Base(base.repository, base.tree, (*base.alternates, base.repository / "objects"))
    tree = await _tree(own, folder, objects, scratch / "index")
    found = await _diff(own, objects, tree)
    try:
        return found.decode()
    except UnicodeDecodeError:  # text in another encoding: sent as a binary patch, which is exact
        attributes = scratch / "attributes"
        attributes.write_text("* -diff\n")
        return (await _diff(own, objects, tree, "-c", f"core.attributesFile={attributes}")).decode()


async def _tree(base: Base, folder: Path, objects: Path, index: Path) -> str:
    settings = _place(base, objects) | {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(folder)}
    await _git(["add", "--all", "--ignore-errors", "."], settings, cwd=folder, may_fail=True)
    return (await _git(["write-tree"], settings, cwd=folder)).decode().strip()


async def _diff(base: Base, objects: Path, tree: str, *options: str) -> bytes:
    command = [
        "diff",
        "--binary",
        "--full-index",
        "--no-renames",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
    ]
    command += ["--src-prefix=a/", "--dst-prefix=b/", base.tree, tree]
    return await _git([*options, *command], _place(base, objects))


def _place(base: Base, objects: Path) -> dict[str, str]:
    others = ":".join(str(path) for path in base.alternates)
    return {
        "GIT_DIR": str(base.repository),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": others,
    }


def _objects(folder: Path) -> Path | None:
    place = folder / ".git/objects"
    return place if place.is_dir() else None


async def _git(
    arguments: list[str], settings: Mapping[str, str], *, cwd: Path | None = None, may_fail: bool = False
) -> bytes:
    plain = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.safecrlf=false"]
    plain += ["-c", "core.bare=false"] if "GIT_WORK_TREE" in settings else []
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *plain,
            *arguments,
            cwd=cwd,
            env={"PATH": os.environ.get("PATH", os.defpath), **_SETTINGS, **settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise GitError(f"git: {error.strerror}") from error
    try:
        out, said = await asyncio.wait_for(process.communicate(), LIMIT_S)
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise GitError(f"git took longer than {LIMIT_S:.0f} s") from None
        raise
    if process.returncode and not may_fail:
        raise GitError((said.decode(errors="replace").strip().splitlines() or ["git failed"])[-1])
    return out
