"""The wheel and the sdist hold what they should, and work in clean environments."""

import os
import tarfile
import zipfile

import pytest

from tests.packaging.environments import install

PACKAGES = {"manyfew", "orchestrator", "pricing", "providers", "verifiers"}
OLDEST = os.environ.get("MANYFEW_OLDEST_PYTHON", "python3.11")
NEWEST = os.environ.get("MANYFEW_NEWEST_PYTHON", "python3")


def test_the_wheel_holds_the_packages_and_nothing_else(built):
    names = zipfile.ZipFile(built.wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    [info] = tops - PACKAGES
    assert info.endswith(".dist-info")
    assert tops - {info} == PACKAGES
    assert not [name for name in names if name.endswith((".db", ".pyc"))]
    assert f"{info}/licenses/LICENSE" in names
    assert all(f"{name}/py.typed" in names for name in PACKAGES)


def test_the_sdist_holds_the_tests_and_no_ledger(built):
    with tarfile.open(built.sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"pyproject.toml", "CHANGELOG.md", "LICENSE", "tests/conftest.py"} <= names
    assert not [name for name in names if name.startswith(".ci") or name.endswith((".db", ".pyc"))]


@pytest.mark.parametrize(
    ("kind", "form", "python"),
    [
        ("venv", "wheel", OLDEST),
        ("venv", "sdist", NEWEST),
        ("pipx", "wheel", NEWEST),
        ("pipx", "sdist", OLDEST),
        ("uv tool", "wheel", OLDEST),
        ("uv tool", "sdist", NEWEST),
    ],
)
@pytest.mark.timeout(900)
def test_the_quickstart_runs_in_a_clean_environment(built, tmp_path, kind, form, python):
    shell, manyfew = install(kind, getattr(built, form), python, tmp_path)
    assert shell.run(manyfew, "--version").strip() == f"manyfew {built.wheel.name.split('-')[1]}"
    shell.run(f"{manyfew} init --quickstart && {manyfew} run quickstart.toml --no-progress")
    assert "gemma" in shell.run(manyfew, "frontier", "runs/quickstart.db")
