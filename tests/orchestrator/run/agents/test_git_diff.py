"""The patch of an attempt: whatever the agent did in its folder, `git apply` makes it again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.run.agents import folders, git_diff


def _sh(folder: Path, script: str) -> None:
    named = "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; "
    subprocess.run(["sh", "-ec", named + script], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a.py").write_text("x = 1\n")
    (folder / "b.bin").write_bytes(bytes(range(256)))
    (folder / "latin").write_bytes("é\n".encode("latin-1"))
    (folder / ".gitignore").write_text("*.pyc\n")
    _sh(
        folder,
        "git init -q; git add -A; git commit -qm first; echo '# not committed' >> a.py; echo u > untracked",
    )
    return folder


async def _patch(source: Path, tmp_path: Path, script: str) -> str:
    base = await git_diff.base_of(source, tmp_path / "base.git")
    folder = tmp_path / "folder"
    folder.mkdir()
    await folders.copied(source, folder)
    _sh(folder, script)
    found = await git_diff.patch(base, folder, tmp_path / "scratch")
    if found:
        again = tmp_path / "again"
        again.mkdir()
        await folders.copied(source, again)
        (tmp_path / "patch").write_text(found)
        _same(again, folder, tmp_path / "patch")
    return found


def _same(again: Path, folder: Path, patch: Path) -> None:
    subprocess.run(["git", "apply", str(patch)], cwd=again, check=True)
    options = ["--exclude=.git", "--exclude=*.pyc", "--exclude=fifo", "--no-dereference"]
    assert subprocess.run(["diff", "-r", *options, again, folder], check=False).returncode == 0


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("true", ""),
        ("echo y >> a.py", "+y"),
        ("echo new > new.py; mkdir d; echo z > d/z", "new file mode"),
        ("printf '\\000\\001' > b.bin", "GIT binary patch"),
        ("printf '\\374' >> latin", "GIT binary patch"),
        ("rm untracked b.bin", "deleted file mode"),
        ("echo y >> a.py; git add -A; git commit -qm mine", "+y"),
        ("echo y >> a.py; rm -rf .git", "+y"),
        ("rm -rf .git; git init -q; echo y >> a.py; git add -A; git commit -qm anew", "+y"),
        ("ln -s /etc/shadow link; mkfifo fifo; chmod +x a.py", "new file mode 120000"),
        ("echo no > x.pyc", ""),
    ],
)
async def test_a_patch_makes_the_folder_again(source, tmp_path, script, words):
    found = await _patch(source, tmp_path, script)
    assert words in found if words else not found


async def test_nothing_that_an_agent_set_up_is_run(source, tmp_path):
    hostile = f"""
    printf '#!/bin/sh\\ntouch {tmp_path}/ran\\ncat' > run.sh; chmod +x run.sh
    git config filter.x.clean "$PWD/run.sh"; git config diff.x.textconv "$PWD/run.sh"
    git config core.fsmonitor "$PWD/run.sh"; git config diff.external "$PWD/run.sh"
    mkdir -p .git/hooks; cp run.sh .git/hooks/pre-commit; cp run.sh .git/hooks/post-index-change
    echo '* filter=x diff=x' > .gitattributes; echo y >> a.py
    """
    found = await _patch(source, tmp_path, hostile)
    assert "+y" in found
    assert not (tmp_path / "ran").exists()


async def test_a_folder_without_a_repository_is_compared_too(tmp_path):
    plain = tmp_path / "source"
    plain.mkdir()
    (plain / "a.txt").write_text("1\n")
    assert "+2" in await _patch(plain, tmp_path, "echo 2 >> a.txt")
